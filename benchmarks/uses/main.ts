// The uses suite: what a checkpoint is good for, measured; figures go to benchmarks/results.
import { parseArgs } from 'node:util';
import type { PresetName } from 'hybridmed';
import { openDevice } from 'hybridmed/node';
import { ablation } from './ablation.ts';
import { classification } from './classification.ts';
import { embedding } from './embedding.ts';
import { explain } from './explain.ts';
import { labeller } from './labeller.ts';
import { vqa } from './vqa.ts';

const usage = `usage: node benchmarks/run.mjs uses classification|vqa|embedding|labeller|explain|ablation [options]

  classification  phantoms in CheXpert's layout: zero-shot, probe, fine-tuning against from scratch
    --checkpoint RUN --out DIR    a run on phantoms; a folder that keeps what has been run
  vqa             VQA-RAD from a checkpoint and from scratch, beside three baselines
    --checkpoint RUN --data vqa-rad:DIR --out DIR --epochs N --seeds 0,1
  embedding       films per second from PNG files and from shards, against a bare forward loop
    --preset P --films N --rounds N
  labeller        the rule labeller against phantom labels and Open-I's MeSH coding
    --data openi:DIR
  explain         heat maps on films whose regions are known
    --checkpoint RUN --data phantom:DIR|rsna:DIR --name NAME --split test|validate --limit N
  ablation        keeps the table of a folder of hybridmed ablate
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
  films: { type: 'string', default: '4096' },
  rounds: { type: 'string', default: '3' },
  name: { type: 'string' },
  split: { type: 'string', default: 'test' },
  limit: { type: 'string', default: '0' },
  device: { type: 'string', default: 'auto' },
  threads: { type: 'string' },
  help: { type: 'boolean' },
} as const;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({ args: process.argv.slice(2), options, allowPositionals: true });
  const [task] = positionals;
  const { checkpoint, out, data, name } = values;
  const complete =
    task === 'embedding' ||
    (task === 'labeller' && data !== undefined) ||
    (task === 'explain' && checkpoint !== undefined && data !== undefined && name !== undefined) ||
    (task === 'ablation' && out !== undefined && name !== undefined) ||
    (task === 'classification' && checkpoint !== undefined && out !== undefined) ||
    (task === 'vqa' && checkpoint !== undefined && out !== undefined && data !== undefined);
  if (values.help || !complete) {
    (values.help ? process.stdout : process.stderr).write(usage);
    return values.help ? 0 : 2;
  }
  if (task === 'labeller') await labeller({ data: data!, phantoms: 2000 });
  if (task === 'ablation') await ablation({ out: out!, name: name! });
  if (task === 'labeller' || task === 'ablation') return 0;
  const { device } = await openDevice(values.device as 'auto', values.threads === undefined ? {} : { threads: Number(values.threads) });
  const log = (text: string) => void process.stderr.write(`${text}\n`);
  if (task === 'embedding') await embedding({ preset: values.preset as PresetName, device, films: Number(values.films), rounds: Number(values.rounds) });
  else if (task === 'explain')
    await explain({ checkpoint: checkpoint!, data: data!, name: name!, split: values.split as 'test' | 'validate', limit: Number(values.limit), device });
  else if (task === 'classification') await classification({ checkpoint: checkpoint!, out: out!, device, log });
  else await vqa({ checkpoint: checkpoint!, data: data!, out: out!, epochs: Number(values.epochs), seeds: values.seeds.split(',').map(Number), device, log });
  await device.close();
  return 0;
}

process.exitCode = await main();
