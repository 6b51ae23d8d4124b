// The tasks suite: downstream tasks of a checkpoint; results go to benchmarks/results.
import { parseArgs } from 'node:util';
import type { Device } from '@hybridmed/tensor';
import type { PresetName } from 'hybridmed';
import { openDevice } from 'hybridmed/node';
import { ablation } from './ablation.ts';
import { classification } from './classification.ts';
import { embedding } from './embedding.ts';
import { explain } from './explain.ts';
import { labeller } from './labeller.ts';
import { vqa } from './vqa.ts';

const usage = `usage: node benchmarks/run.mjs tasks classification|vqa|embedding|labeller|explain|ablation [options]

  classification  phantoms in CheXpert's layout: zero-shot, probe, fine-tuning compared with from scratch
    --checkpoint RUN --out DIR    a run on phantoms; a folder in which finished parts are kept
  vqa             VQA-RAD from a checkpoint and from scratch, compared with three baselines
    --checkpoint RUN --data vqa-rad:DIR --out DIR --epochs N --seeds 0,1
  embedding       images per second from PNG files and from shards, compared with a bare forward loop
    --preset P --images N --rounds N
  labeller        the rule labeller compared with phantom labels and Open-I's MeSH coding
    --data openi:DIR
  explain         heat maps on images with known regions
    --checkpoint RUN --data phantom:DIR|rsna:DIR --name NAME --split test|validate --limit N
  ablation        saves the table of a folder of hybridmed ablate
    --out DIR --name NAME

  --device D      cpu, webgpu, gpujs, auto (default auto)
  --threads N     of the cpu device
`;

const options = {
  checkpoint: { type: 'string' },
  data: { type: 'string' },
  out: { type: 'string' },
  epochs: { type: 'string', default: '12' },
  seeds: { type: 'string', default: '0' },
  preset: { type: 'string', default: 'medium' },
  images: { type: 'string', default: '4096' },
  rounds: { type: 'string', default: '3' },
  name: { type: 'string' },
  split: { type: 'string', default: 'test' },
  limit: { type: 'string', default: '0' },
  device: { type: 'string', default: 'auto' },
  threads: { type: 'string' },
  help: { type: 'boolean' },
} as const;

type Values = ReturnType<typeof readArguments>['values'];

const readArguments = () => parseArgs({ args: process.argv.slice(2), options, allowPositionals: true });

interface Task {
  /** Options that the task needs. */
  readonly needs: readonly (keyof Values)[];
  /** Runs it; `open` opens the device, which some tasks do without. */
  run(values: Required<Values>, open: () => Promise<Device>): Promise<void>;
}

const log = (text: string) => void process.stderr.write(`${text}\n`);

const tasks: Readonly<Record<string, Task>> = {
  classification: {
    needs: ['checkpoint', 'out'],
    run: async ({ checkpoint, out }, open) => classification({ checkpoint, out, device: await open(), log }),
  },
  vqa: {
    needs: ['checkpoint', 'data', 'out'],
    run: async ({ checkpoint, data, out, epochs, seeds }, open) =>
      vqa({ checkpoint, data, out, epochs: Number(epochs), seeds: seeds.split(',').map(Number), device: await open(), log }),
  },
  embedding: {
    needs: [],
    run: async ({ preset, images, rounds }, open) =>
      embedding({ preset: preset as PresetName, device: await open(), images: Number(images), rounds: Number(rounds) }),
  },
  labeller: { needs: ['data'], run: ({ data }) => labeller({ data, phantoms: 2000 }) },
  explain: {
    needs: ['checkpoint', 'data', 'name'],
    run: async ({ checkpoint, data, name, split, limit }, open) =>
      explain({ checkpoint, data, name, split: split as 'test' | 'validate', limit: Number(limit), device: await open() }),
  },
  ablation: { needs: ['out', 'name'], run: ({ out, name }) => ablation({ out, name }) },
};

async function main(): Promise<number> {
  const { values, positionals } = readArguments();
  const [name = ''] = positionals;
  const task = Object.hasOwn(tasks, name) ? tasks[name] : undefined;
  if (values.help || !task || task.needs.some((option) => values[option] === undefined)) {
    (values.help ? process.stdout : process.stderr).write(usage);
    return values.help ? 0 : 2;
  }
  let device: Device | undefined;
  const open = async (): Promise<Device> =>
    (device = (await openDevice(values.device as 'auto', values.threads === undefined ? {} : { threads: Number(values.threads) })).device);
  await task.run(values as Required<Values>, open);
  await device?.close();
  return 0;
}

process.exitCode = await main();
