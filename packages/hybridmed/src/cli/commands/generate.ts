// `hybridmed generate`: impressions from radiographs, or from findings.
import type { Search } from '@hybridmed/model';
import type { Command } from 'commander';
import { Option } from 'commander';
import { withDevice } from '../device.ts';
import type { DeviceFlags, ModuleFlags } from '../options.ts';
import { deviceOption, integer, jsonOption, number, positive, textModuleOption, threadsOption, visionModuleOption } from '../options.ts';
import type { Output } from '../output.ts';
import { printResult } from '../output.ts';

interface Flags extends DeviceFlags, ModuleFlags {
  checkpoint: string;
  image?: string[];
  findings?: string;
  search: 'greedy' | 'beam' | 'nucleus';
  beams: number;
  alpha: number;
  p: number;
  temperature: number;
  seed: number;
  json: boolean;
}

function searchOf({ search: kind, beams, alpha, p, temperature, seed }: Flags): Search {
  if (kind === 'beam') return { kind, width: beams, alpha };
  return kind === 'nucleus' ? { kind, p, temperature, seed } : { kind };
}

/** Adds the command. */
export function addGenerate(program: Command, output: Output): void {
  const command = program
    .command('generate')
    .description('generate impressions from images, or from the text of findings')
    .requiredOption('--checkpoint <dir>', "checkpoint, a run's --out folder, or an exported folder")
    .option('--image <files...>', 'radiographs: PNG, JPEG or DICOM')
    .option('--findings <text>', 'findings to summarize')
    .addOption(new Option('--search <kind>', 'decoding method').choices(['greedy', 'beam', 'nucleus']).default('greedy'))
    .option('--beams <n>', 'width of beam search, up to 64', integer(1, 64), 4)
    .option('--alpha <x>', 'length exponent of beam search', number(0), 1)
    .option('--p <mass>', 'probability mass of nucleus search', positive(1), 0.9)
    .option('--temperature <x>', 'temperature of nucleus search', positive(), 1)
    .option('--seed <n>', 'seed of nucleus search', integer(0), 0)
    .addOption(visionModuleOption())
    .addOption(textModuleOption())
    .addOption(deviceOption())
    .addOption(threadsOption())
    .addOption(jsonOption());
  command.action(async (flags: Flags) => {
    const { checkpoint, image: images, findings, threads, vision, text } = flags;
    if ((images === undefined) === (findings === undefined)) return command.error('error: give either --image FILE... or --findings TEXT');
    const { loadGenerator } = await import('@hybridmed/runtime');
    const search = searchOf(flags);
    await withDevice(flags, async (device) => {
      const generator = await loadGenerator(checkpoint, device, { ...(threads === undefined ? {} : { threads }), encoders: { vision, text } });
      const impressions = images ? await generator.fromImages(images, search) : await generator.fromFindings([findings!], search);
      const results = impressions.map((impression, i) => (images ? { image: images[i]!, impression } : { findings: findings!, impression }));
      printResult(output, flags, { checkpoint: generator.checkpoint, search, results }, () =>
        impressions.map((impression, i) => (images && images.length > 1 ? `${images[i]}: ${impression}\n` : `${impression}\n`)).join(''),
      );
    });
  });
}
