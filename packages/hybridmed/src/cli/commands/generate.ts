// `hybridmed generate`: impressions from radiographs, or from findings.
import type { Search } from '@hybridmed/model';
import type { OpenedModel } from '@hybridmed/runtime';
import type { RatioImpression } from '@hybridmed/tasks';
import type { HostArray } from '@hybridmed/tensor';
import type { Values } from '@hybridmed/training/options';
import { choice, integer, number, option, string } from '@hybridmed/training/options';
import { defineCommand } from '../define-command.ts';
import { modelOption, openingOptions, withModel } from '../options/model.ts';
import { imageOptions, imagesOf, jsonOption } from '../options/shared.ts';
import { printResult } from '../output.ts';
import { progressBar } from '../progress.ts';

const searchOptions = {
  search: option({
    value: choice(['greedy', 'beam', 'nucleus', 'likelihood-ratio']),
    argument: 'kind',
    help: 'decoding method; of images also the likelihood ratio that `hybridmed fit-ratio` has chosen',
    default: 'greedy',
  }),
  beams: option({ value: integer(1, 64), argument: 'n', help: 'width of beam search, up to 64', default: 4 }),
  alpha: option({ value: number({ min: 0 }), argument: 'x', help: 'length exponent of beam search', default: 1 }),
  p: option({ value: number({ above: 0, max: 1 }), argument: 'mass', help: 'probability mass of nucleus search', default: 0.9 }),
  temperature: option({ value: number({ above: 0 }), argument: 'x', help: 'temperature of nucleus search', default: 1 }),
  seed: option({ value: integer(0), argument: 'n', help: 'seed of nucleus search', default: 0 }),
};

type SearchValues = Values<typeof searchOptions>;

const isRatio = ({ search }: SearchValues): boolean => search === 'likelihood-ratio';

/** The search of the values; undefined for the likelihood ratio, which is none. */
function searchOf({ search: kind, beams, alpha, p, temperature, seed }: SearchValues): Search | undefined {
  if (kind === 'likelihood-ratio') return undefined;
  if (kind === 'beam') return { kind, width: beams, alpha };
  return kind === 'nucleus' ? { kind, p, temperature, seed } : { kind };
}

// Radiographs of one batch.
const batchSize = 16;

/** What is written, and for the likelihood ratio why. */
type Written = { readonly impression: string } & Partial<Omit<RatioImpression, 'text'>>;

/** What writes impressions of images, by a search or by the model's likelihood ratio. */
async function imageWriter(model: OpenedModel, search: Search | undefined): Promise<(image: HostArray) => Promise<Written[]>> {
  if (search) return async (image) => (await model.generate({ image }, { search })).map(({ text }) => ({ impression: text }));
  const { createRatioWriter } = await import('@hybridmed/tasks');
  const writer = createRatioWriter(model);
  return async (image) => (await writer.write(image)).map(({ text, ...why }) => ({ impression: text, ...why }));
}

/** Impressions of image files, batch by batch. */
async function fromImages(model: OpenedModel, files: readonly string[], search: Search | undefined): Promise<(Written & { readonly image: string })[]> {
  const write = await imageWriter(model, search);
  const { readImages } = await import('@hybridmed/runtime');
  const results: (Written & { readonly image: string })[] = [];
  const bar = progressBar('images');
  try {
    for (let start = 0; start < files.length; start += batchSize) {
      const batch = files.slice(start, start + batchSize);
      const written = await write(await readImages(model, batch));
      results.push(...written.map((each, i) => ({ image: batch[i]!, ...each })));
      if (files.length > batchSize) bar.update(results.length, files.length);
    }
    return results;
  } finally {
    bar.stop();
  }
}

/** How texts were written, as the result says it. */
function searchResult(model: OpenedModel, search: Search | undefined): object {
  if (search) return search;
  const { weight, threshold, candidates } = model.info.likelihoodRatio!;
  return { kind: 'likelihood-ratio', weight, threshold, candidates: candidates.length };
}

/** The command. */
export const generate = defineCommand({
  name: 'generate',
  description: 'generate impressions from images, or from the text of findings',
  examples: {
    'generate --checkpoint runs/openi --image image.png': '',
    'generate --checkpoint runs/openi --findings "The heart is enlarged."': '',
    'generate --checkpoint exported --image image.png': 'from ONNX files',
    'generate --checkpoint runs/openi --image image.png --search likelihood-ratio': 'what `fit-ratio` has chosen',
  },
  options: {
    ...modelOption,
    ...imageOptions,
    findings: option({ value: string(), argument: 'text', help: 'findings to summarize' }),
    ...searchOptions,
    ...openingOptions,
    ...jsonOption,
  },
  async run({ values, output, openDevice, usage }) {
    const { findings } = values;
    const images = imagesOf(values);
    if ((images === undefined) === (findings === undefined)) usage('give either --image FILE... or --findings TEXT');
    if (findings !== undefined && isRatio(values)) usage('--search likelihood-ratio writes from images; give --image FILE...');
    const search = searchOf(values);
    await withModel({ values, openDevice }, async (model) => {
      const results = images
        ? await fromImages(model, images, search)
        : (await model.generate({ findings: [findings!] }, { search })).map(({ text }) => ({ findings: findings!, impression: text }));
      printResult(output, values, { checkpoint: model.info.source, search: searchResult(model, search), results }, () =>
        results.map((each) => ('image' in each && results.length > 1 ? `${each.image}: ${each.impression}\n` : `${each.impression}\n`)).join(''),
      );
    });
  },
});
