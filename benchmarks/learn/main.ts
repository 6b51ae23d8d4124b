// The learning suite: pre-trains on a data set, evaluates on its test split, and saves the metrics (never the texts) in benchmarks/results.
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunConfig } from 'hybridmed/node';
import { completeConfig, evaluate, openDevice, openModel, pretrain } from 'hybridmed/node';
import { saveResult } from '../results.ts';
import { lossesWithUnknown } from './unknown.ts';

const usage = `usage: node benchmarks/run.mjs learn --data SPEC --out DIR --name NAME [options]

Pre-trains both stages (or resumes where DIR stopped), evaluates the best checkpoint, writes benchmarks/results/learn-NAME.json.

  --preset P        tiny, small, medium, paper (default small)
  --seed N          (default 0)
  --epochs A,B      epochs of each stage (default: the preset's)
  --learning-rate X peak learning rate (default: the preset's)
  --vocabulary FILE a vocab.txt or tokenizer.json, reduced to the training texts, instead of a trained vocabulary;
                    then losses also with words missing from these as [UNK]
  --no-dis          without distillation
  --stage1 RUN      start from another run's stage 1
  --device D        cpu, webgpu, gpujs, auto (default auto)
`;

interface Line {
  readonly stage: 1 | 2;
  readonly epoch: number;
  readonly studiesPerSecond?: number;
  readonly residentMiB?: number;
  readonly validation?: object;
}

/** Speed and memory of a run, from its metrics: the median of each stage's steps. */
function speeds(out: string): object {
  const lines = readFileSync(join(out, 'metrics.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
  const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? null;
  const of = (stage: 1 | 2) => lines.filter((line) => line.stage === stage && line.studiesPerSecond !== undefined);
  const summary = (stage: 1 | 2) => ({
    steps: of(stage).length,
    medianStudiesPerSecond: median(of(stage).map((line) => line.studiesPerSecond!)),
    peakResidentMiB: of(stage).reduce((peak, line) => Math.max(peak, line.residentMiB!), 0),
    validation: lines.filter((line) => line.stage === stage && line.validation).map(({ epoch, validation }) => ({ epoch, ...validation })),
  });
  return { stage1: summary(1), stage2: summary(2) };
}

/** A vocabulary's own folder and file, without the machine's path. */
const publicName = (vocabulary: number | string): number | string =>
  typeof vocabulary === 'number' ? vocabulary : vocabulary.split(/[\\/]/).slice(-2).join('/');

async function main(): Promise<number> {
  const options = {
    data: { type: 'string' },
    out: { type: 'string' },
    name: { type: 'string' },
    preset: { type: 'string', default: 'small' },
    seed: { type: 'string', default: '0' },
    epochs: { type: 'string' },
    'learning-rate': { type: 'string' },
    vocabulary: { type: 'string' },
    'no-dis': { type: 'boolean' },
    stage1: { type: 'string' },
    device: { type: 'string', default: 'auto' },
    help: { type: 'boolean' },
  } as const;
  const { values } = parseArgs({ args: process.argv.slice(2), options });
  if (values.help || values.data === undefined || values.out === undefined || values.name === undefined) {
    (values.help ? process.stdout : process.stderr).write(usage);
    return values.help ? 0 : 2;
  }
  const { data, out, name, stage1 } = values;
  const config: RunConfig = completeConfig({
    data,
    preset: values.preset as 'small',
    seed: Number(values.seed),
    ...(values.epochs === undefined ? {} : { epochs: values.epochs.split(',').map(Number) as [number, number] }),
    ...(values['learning-rate'] === undefined ? {} : { learningRate: Number(values['learning-rate']) }),
    ...(values.vocabulary === undefined ? {} : { vocabulary: values.vocabulary, cutVocabulary: true }),
    ...(values['no-dis'] ? { dis: 0 } : {}),
    ...(stage1 === undefined ? {} : { stage1 }),
  });
  const { device } = await openDevice(values.device as 'auto');
  const { stages } = await pretrain({
    config,
    out,
    device,
    resume: true,
    events: { onMessage: (text) => process.stderr.write(`${text}\n`), onValidation: (line) => process.stderr.write(`${JSON.stringify(line)}\n`) },
  });
  const model = await openModel(out, { device });
  const { examples: _texts, checkpoint: _path, ...metrics } = await evaluate({ model, data, device });
  await model.close();
  const withUnknown = typeof config.vocabulary === 'string' ? await lossesWithUnknown(out, data, config.vocabulary, device) : undefined;
  const { data: _data, stage1: _stage1, ...settings } = config;
  await saveResult(`learn-${name}`, {
    ...metrics,
    ...(withUnknown ? { withUnknown } : {}),
    data: data.slice(0, data.indexOf(':')),
    threads: cpus().length,
    settings: { ...settings, vocabulary: publicName(settings.vocabulary) },
    stage1From: stage1 === undefined ? null : 'another run',
    best: stages.map(({ stage, best }) => ({ stage, ...best })),
    speed: speeds(out),
  });
  await device.close();
  return 0;
}

process.exitCode = await main();
