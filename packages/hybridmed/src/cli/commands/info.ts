// `hybridmed info`: what a checkpoint holds, part by part, and what the second branch costs; or what of a published one would be loaded.
import type { PublishedEncoder } from '@hybridmed/runtime/encoders';
import type { Command } from 'commander';
import type { ModuleFlags } from '../options.ts';
import { integer, jsonOption, textModuleOption, visionModuleOption } from '../options.ts';
import type { Output } from '../output.ts';
import { printJson, table } from '../output.ts';

const grouped = (count: number): string => count.toLocaleString('en-US');

interface Flags extends ModuleFlags {
  imageSize?: number;
  channels?: number;
  json: boolean;
}

/** Sizes and every tensor of an encoder: loaded, converted, left over, missing. */
function formatPublished({ kind, config, tensors }: PublishedEncoder): string {
  const rows = tensors.map(({ status, tensor, shape, parameter, note }) => [
    status,
    tensor,
    `[${shape.join(', ')}]`,
    parameter === undefined || parameter === tensor ? '' : `-> ${parameter}`,
    note ?? '',
  ]);
  return `${kind}: ${JSON.stringify(config)}\n\n${table(rows)}`;
}

async function describeFolder(path: string, { imageSize: size, channels, json }: Flags, output: Output): Promise<void> {
  const { describePublished } = await import('@hybridmed/runtime/encoders');
  const encoders = await describePublished(path, { ...(size ? { size } : {}), ...(channels ? { channels } : {}) });
  if (json) printJson(output, { checkpoint: path, encoders });
  else output.result(encoders.map(formatPublished).join('\n'));
  if (encoders.some(({ tensors }) => tensors.some(({ status }) => status === 'missing'))) output.exitCode = 1;
}

/** Adds the command. */
export function addInfo(program: Command, output: Output): void {
  program
    .command('info')
    .description("show a checkpoint's sizes and parameters per part; for hf:DIR, how each tensor would be loaded")
    .argument('<dir>', "checkpoint, a run's --out folder, or hf:DIR of a published checkpoint")
    .option('--image-size <pixels>', 'hf: side of the images to load it for (default: its own)', integer(1))
    .option('--channels <n>', 'hf: channels of the images (default: its own)', integer(1))
    .addOption(visionModuleOption())
    .addOption(textModuleOption())
    .addOption(jsonOption())
    .action(async (dir: string, flags: Flags) => {
      if (dir.startsWith('hf:')) return describeFolder(dir.slice(3), flags, output);
      const { json, vision, text } = flags;
      const { describeCheckpoint } = await import('@hybridmed/runtime');
      const info = await describeCheckpoint(dir, { vision, text });
      if (json) return printJson(output, info);
      const { parameters, secondBranch } = info;
      output.result(`${info.checkpoint}: preset ${info.preset}, stage ${info.stage}, vocabulary ${grouped(info.vocabulary)}\n\n`);
      output.result(table(Object.entries(parameters).map(([part, count]) => [part, grouped(count)])));
      output.result(
        `\nThe second branch (the image's cross-attention) costs ${grouped(secondBranch.parameters)} parameters, ${secondBranch.percentOfDecoder} % of the decoder and ${secondBranch.percentOfModel} % of the model.\n`,
      );
    });
}
