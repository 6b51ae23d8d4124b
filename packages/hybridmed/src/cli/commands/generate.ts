// `hybridmed generate`: impressions from radiographs, or from findings.
import type { Search } from '@hybridmed/model';
import type { Values } from '@hybridmed/training/settings';
import { choice, integer, number, option, several, string } from '@hybridmed/training/settings';
import { defineCommand } from '../define-command.ts';
import { deviceOptions, jsonOption, modelHelp, moduleOptions } from '../options/shared.ts';
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

/** The command. */
export const generate = defineCommand({
  name: 'generate',
  description: 'generate impressions from images, or from the text of findings',
  options: {
    checkpoint: option({ value: string(), argument: 'dir', help: modelHelp, required: true }),
    image: option({ value: several(string()), argument: 'files', help: 'radiographs: PNG, JPEG or DICOM' }),
    findings: option({ value: string(), argument: 'text', help: 'findings to summarize' }),
    ...searchOptions,
    ...moduleOptions,
    ...deviceOptions,
    ...jsonOption,
  },
  async run({ values, output, openDevice, usage }) {
    const { checkpoint, image: images, findings, threads, vision, text: textModule } = values;
    if ((images === undefined) === (findings === undefined)) usage('give either --image FILE... or --findings TEXT');
    const { loadGenerator } = await import('@hybridmed/runtime');
    const search = searchOf(values);
    const generator = await loadGenerator(checkpoint, await openDevice(), {
      ...(threads === undefined ? {} : { threads }),
      encoders: { vision, text: textModule },
    });
    const impressions = images ? await generator.fromImages(images, search) : await generator.fromFindings([findings!], search);
    const results = impressions.map((impression, i) => (images ? { image: images[i]!, impression } : { findings: findings!, impression }));
    printResult(output, values, { checkpoint: generator.checkpoint, search, results }, () =>
      impressions.map((impression, i) => (images && images.length > 1 ? `${images[i]}: ${impression}\n` : `${impression}\n`)).join(''),
    );
  },
});
