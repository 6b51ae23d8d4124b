// `hybridmed info`: parameters of a checkpoint by part, and those of its second branch; or how a published checkpoint would be loaded.
import type { CheckpointInfo } from '@hybridmed/runtime';
import type { PublishedEncoder } from '@hybridmed/runtime/encoders';
import type { Values } from '@hybridmed/training/options';
import { integer, option, publishedName } from '@hybridmed/training/options';
import { defineCommand } from '../define-command.ts';
import { encodersOf } from '../options/model.ts';
import { jsonOption, moduleOptions } from '../options/shared.ts';
import type { Output } from '../output.ts';
import { printResult, table } from '../output.ts';

const grouped = (count: number): string => count.toLocaleString('en-US');

const options = {
  imageSize: option({ value: integer(1), argument: 'pixels', help: 'hf: side of the images to load it for', defaultWords: 'its own' }),
  channels: option({ value: integer(1), argument: 'n', help: 'hf: channels of the images', defaultWords: 'its own' }),
  ...moduleOptions,
  ...jsonOption,
};

/** Configuration and every tensor of an encoder: loaded, converted, unused, missing. */
function formatPublished({ kind, config, tensors, assumed, normalization }: PublishedEncoder): string {
  const rows = tensors.map(({ status, tensor, shape, parameter, note }) => [
    status,
    tensor,
    `[${shape.join(', ')}]`,
    parameter === undefined || parameter === tensor ? '' : `-> ${parameter}`,
    note ?? '',
  ]);
  return `${kind}: ${JSON.stringify(config)}\n${normalization === undefined ? '' : `${normalization}\n`}${assumed.map((what) => `assumed: ${what}\n`).join('')}\n${table(rows)}`;
}

/** Sizes of a checkpoint by part, and those of the second branch. */
function formatCheckpoint({ checkpoint, preset, stage, vocabulary, parameters, secondBranch }: CheckpointInfo): string {
  return [
    `${checkpoint}: preset ${preset}, stage ${stage}, vocabulary ${grouped(vocabulary)}\n\n`,
    table(Object.entries(parameters).map(([part, count]) => [part, grouped(count)])),
    `\nThe second branch (the image's cross-attention) has ${grouped(secondBranch.parameters)} parameters, ${secondBranch.percentOfDecoder} % of the decoder and ${secondBranch.percentOfModel} % of the model.\n`,
  ].join('');
}

async function describePublishedFolder(path: string, { imageSize: size, channels, json }: Values<typeof options>, output: Output): Promise<void> {
  const { describePublished } = await import('@hybridmed/runtime/encoders');
  const encoders = await describePublished(path, { ...(size ? { size } : {}), ...(channels ? { channels } : {}) });
  printResult(output, { json }, { checkpoint: path, encoders }, () => encoders.map(formatPublished).join('\n'));
  if (encoders.some(({ tensors }) => tensors.some(({ status }) => status === 'missing'))) output.exitCode = 1;
}

/** Whether a name is of a hub and what it has is a checkpoint of ours, or a run; `hf:DIR` is always a published one. */
async function isOurs(name: string): Promise<boolean> {
  const [{ isHubName, localPath }, { readConfig, resolveCheckpoint }] = await Promise.all([import('@hybridmed/runtime/hub'), import('@hybridmed/runtime')]);
  if (!isHubName(name)) return false;
  return resolveCheckpoint(await localPath(name))
    .then(readConfig)
    .then(
      () => true,
      () => false,
    );
}

/** The command. */
export const info = defineCommand({
  name: 'info',
  description: "show a checkpoint's sizes and parameters per part; for hf:DIR, how each tensor would be loaded",
  examples: {
    'info runs/openi': '',
    'info hf:DIR': 'how each tensor of a published checkpoint would be loaded',
  },
  arguments: { dir: "checkpoint, a run's --out folder, hf:DIR of a published checkpoint, or hf://org/name of either" },
  options,
  async run({ values, arguments: { dir }, output }) {
    const { json } = values;
    const published = publishedName(dir);
    if (published !== undefined && !(await isOurs(dir))) return describePublishedFolder(published, values, output);
    const { describeCheckpoint } = await import('@hybridmed/runtime');
    printResult(output, { json }, await describeCheckpoint(dir, encodersOf(values)), formatCheckpoint);
  },
});
