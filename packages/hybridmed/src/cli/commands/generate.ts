// `hybridmed generate`: impressions from radiographs, or from findings.
import type { Search } from '@hybridmed/model';
import type { OpenedModel } from '@hybridmed/runtime';
import type { Values } from '@hybridmed/training/options';
import { choice, integer, number, option, several, string } from '@hybridmed/training/options';
import { defineCommand } from '../define-command.ts';
import { modelOption, openingOptions, withModel } from '../options/model.ts';
import { jsonOption } from '../options/shared.ts';
import { printResult } from '../output.ts';

const searchOptions = {
  search: option({ value: choice(['greedy', 'beam', 'nucleus']), argument: 'kind', help: 'decoding method', default: 'greedy' }),
  beams: option({ value: integer(1, 64), argument: 'n', help: 'width of beam search, up to 64', default: 4 }),
  alpha: option({ value: number({ min: 0 }), argument: 'x', help: 'length exponent of beam search', default: 1 }),
  p: option({ value: number({ above: 0, max: 1 }), argument: 'mass', help: 'probability mass of nucleus search', default: 0.9 }),
  temperature: option({ value: number({ above: 0 }), argument: 'x', help: 'temperature of nucleus search', default: 1 }),
  seed: option({ value: integer(0), argument: 'n', help: 'seed of nucleus search', default: 0 }),
};

function searchOf({ search: kind, beams, alpha, p, temperature, seed }: Values<typeof searchOptions>): Search {
  if (kind === 'beam') return { kind, width: beams, alpha };
  return kind === 'nucleus' ? { kind, p, temperature, seed } : { kind };
}

// Radiographs of one batch.
const batchSize = 16;

/** Impressions of image files, batch by batch. */
async function fromImages(model: OpenedModel, files: readonly string[], search: Search): Promise<string[]> {
  const { readImages } = await import('@hybridmed/runtime');
  const impressions: string[] = [];
  for (let start = 0; start < files.length; start += batchSize) {
    const image = await readImages(model, files.slice(start, start + batchSize));
    impressions.push(...(await model.generate({ image }, { search })).map(({ text: written }) => written));
  }
  return impressions;
}

/** The command. */
export const generate = defineCommand({
  name: 'generate',
  description: 'generate impressions from images, or from the text of findings',
  examples: {
    'generate --checkpoint runs/openi --image image.png': '',
    'generate --checkpoint runs/openi --findings "The heart is enlarged."': '',
    'generate --checkpoint exported --image image.png': 'from ONNX files',
  },
  options: {
    ...modelOption,
    image: option({ value: several(string()), argument: 'files', help: 'radiographs: PNG, JPEG or DICOM' }),
    findings: option({ value: string(), argument: 'text', help: 'findings to summarize' }),
    ...searchOptions,
    ...openingOptions,
    ...jsonOption,
  },
  async run({ values, output, openDevice, usage }) {
    const { image: images, findings } = values;
    if ((images === undefined) === (findings === undefined)) usage('give either --image FILE... or --findings TEXT');
    const search = searchOf(values);
    await withModel({ values, openDevice }, async (model) => {
      const impressions = images
        ? await fromImages(model, images, search)
        : (await model.generate({ findings: [findings!] }, { search })).map((each) => each.text);
      const results = impressions.map((impression, i) => (images ? { image: images[i]!, impression } : { findings: findings!, impression }));
      printResult(output, values, { checkpoint: model.info.source, search, results }, () =>
        impressions.map((impression, i) => (images && images.length > 1 ? `${images[i]}: ${impression}\n` : `${impression}\n`)).join(''),
      );
    });
  },
});
