// `hybridmed generate`: impressions from films, or from findings.
import type { Command } from 'commander';
import { Option } from 'commander';
import type { DeviceFlags, ModuleFlags } from '../options.ts';
import { deviceOption, integer, jsonOption, number, positive, textModuleOption, threadsOption, visionModuleOption } from '../options.ts';
import type { Output } from '../output.ts';
import { printJson } from '../output.ts';

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
  command.action(async ({ checkpoint, image, findings, search: kind, device: name, threads, json, vision, text, ...rest }: Flags) => {
    if ((image === undefined) === (findings === undefined)) return command.error('error: give either --image FILE... or --findings TEXT');
    const [{ loadGenerator }, { openDevice }] = await Promise.all([import('@hybridmed/runtime'), import('@hybridmed/runtime/device')]);
    const search =
      kind === 'greedy'
        ? { kind }
        : kind === 'beam'
          ? { kind, width: rest.beams, alpha: rest.alpha }
          : { kind, p: rest.p, temperature: rest.temperature, seed: rest.seed };
    const { device } = await openDevice(name!, threads === undefined ? {} : { threads });
    const writer = await loadGenerator(checkpoint, device, { ...(threads === undefined ? {} : { threads }), encoders: { vision, text } });
    const texts = image ? await writer.fromImages(image, search) : await writer.fromFindings([findings!], search);
    const results = texts.map((impression, i) => ({ ...(image ? { image: image[i]! } : { findings: findings! }), impression }));
    if (json) printJson(output, { checkpoint: writer.checkpoint, search, results });
    else
      for (const { impression, ...source } of results)
        output.result(image && image.length > 1 ? `${'image' in source ? source.image : ''}: ${impression}\n` : `${impression}\n`);
    await device.close();
  });
}
