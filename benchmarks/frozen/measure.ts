// Measures training behind a frozen front whose features are kept, epoch by epoch, and the same step on features that are ready in memory.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDataSet } from '@hybridmed/data';
import { createModel, fineTune } from '@hybridmed/model';
import { frozenFront, stepFields } from '@hybridmed/model/graphs';
import type { StagePlan } from '@hybridmed/model/graphs';
import { defaultWeights } from '@hybridmed/model/objective';
import { zeros } from '@hybridmed/model/host-arrays';
import { presetModel } from '@hybridmed/model/presets';
import { initialize } from '@hybridmed/nn';
import { cpuDevice } from '@hybridmed/onnx';
import { writePhantoms } from '@hybridmed/phantoms';
import { modelInput, readTokenizer, studyLoader } from '@hybridmed/runtime';
import { pretrainedVision } from '@hybridmed/runtime/encoders';
import { pretrain } from '@hybridmed/runtime/run';
import { completeConfig } from '@hybridmed/runtime/settings';
import type { HostArrays } from '@hybridmed/tensor';
import { mix32, sizeOf } from '@hybridmed/tensor';
import { startOptimizer, wholeStep } from '@hybridmed/training';

/** What is measured: a published encoder, frozen by names, in a run of preset `small`. */
export interface FrozenProblem {
  readonly weights: string;
  readonly freeze: readonly string[];
  readonly imageSize: number;
  readonly studies: number;
  readonly batch: number;
  readonly epochs: number;
  readonly crops: number;
  readonly threads: number;
}

/** Medians of a step: seconds of the clock and of the processor. */
export interface StepTimes {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly steps: number;
}

/** Times of the steps of the first epoch, of the later ones, and on ready features; the ratio is later ones' speed to that, by processor time. */
export interface FrozenResult extends FrozenProblem {
  readonly front: string;
  readonly first: StepTimes;
  readonly later: StepTimes;
  readonly ready: StepTimes;
  readonly ratio: number;
  readonly clockRatio: number;
}

interface Sample {
  readonly seconds: number;
  readonly cpuSeconds: number;
}

const round = (value: number): number => Math.round(value * 1e4) / 1e4;

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

const timesOf = (samples: readonly Sample[]): StepTimes => ({
  seconds: round(median(samples.map(({ seconds }) => seconds))),
  cpuSeconds: round(median(samples.map(({ cpuSeconds }) => cpuSeconds))),
  steps: samples.length,
});

/** Gives at each call the time since the last one. */
function stopwatch(): () => Sample {
  let [clock, cpu] = [performance.now(), process.cpuUsage()];
  return () => {
    const { user, system } = process.cpuUsage(cpu);
    const sample = { seconds: (performance.now() - clock) / 1000, cpuSeconds: (user + system) / 1e6 };
    [clock, cpu] = [performance.now(), process.cpuUsage()];
    return sample;
  };
}

/** A run in a folder: the front that it names, and the times of its steps by epoch. What comes between two epochs is not counted. */
async function trainingTimes(problem: FrozenProblem, folder: string): Promise<{ front: string; epochs: Sample[][] }> {
  const { weights, freeze, imageSize, batch, epochs: count, crops, threads } = problem;
  const config = completeConfig({
    data: `phantom:${join(folder, 'set')}`,
    vision: `hf:${weights}`,
    imageSize,
    freeze: [...freeze],
    crops,
    batch,
    stage1: false,
    epochs: [0, count],
  });
  const epochs: Sample[][] = [];
  const next = stopwatch();
  let front = '';
  let last = 0;
  await pretrain({
    config,
    out: join(folder, 'run'),
    device: cpuDevice({ threads }),
    events: {
      onMessage: (line) => void (line.startsWith('frozen:') && (front = line)),
      onStep({ epoch }) {
        const sample = next();
        if (epoch === last) (epochs[epoch - 1] ??= []).push(sample);
        last = epoch;
      },
    },
  });
  return { front, epochs };
}

const plan: StagePlan = { stage: 2, teacher: 'cached', weights: defaultWeights, temperature: 1, tau: 0.1, duplicates: 'positives' };

/** Times of the run's step on its texts, with random features that are there already. */
async function readyTimes({ weights, freeze, imageSize, batch, threads }: FrozenProblem, folder: string, steps: number): Promise<Sample[]> {
  const device = cpuDevice({ threads });
  const tokenizer = await readTokenizer(join(folder, 'run'));
  const { config: vision } = await pretrainedVision(weights, { size: imageSize });
  const sizes = { ...presetModel('small', tokenizer.vocabularySize, tokenizer.special), vision };
  const model = fineTune(createModel(sizes), { freeze });
  const front = frozenFront(model)!;
  const rest = front.rest(() => Promise.reject(new Error('features are ready')));
  const { studies } = await openDataSet(`phantom:${join(folder, 'set')}`);
  const input = modelInput(model.vision, { resize: imageSize, findingsLength: 128, impressionLength: 48 });
  const loader = studyLoader(input, {
    studies: studies.filter(({ split }) => split === 'train'),
    tokenizer,
    batchSize: batch,
    train: true,
    workers: 0,
  });
  const shape = [batch, ...front.shape];
  const image = { data: Float32Array.from({ length: sizeOf(shape) }, (_, i) => mix32(i) / 2 ** 32 - 0.5), shape };
  const state = device.createState({ ...initialize(model.parameters, 0), ...startOptimizer(rest, plan) });
  state.write(Object.fromEntries(['decoder.embed.weight', 'decoder.head.bias'].map((name) => [`teacher.${name}`, zeros(model.parameters[name]!.shape)])));
  const step = await wholeStep({ device, state, model: rest, plan, seed: 0, optimizer: {} });
  const samples: Sample[] = [];
  const next = stopwatch();
  for (let epoch = 0, index = 0; index < steps + 2; epoch++)
    for (const { arrays } of loader.textBatches({ epoch })) {
      const all: HostArrays = { ...arrays, image };
      const fields = Object.fromEntries(stepFields(plan, rest).map((field) => [field, all[field]!]));
      const hidden = zeros([batch, arrays.input.shape[1]!, rest.decoder.config.width]);
      await step({ ...fields, teacher_hidden: hidden }, { step: index, learningRate: 1e-5 });
      const sample = next();
      if (index++ >= 2) samples.push(sample);
    }
  await loader.close();
  return samples;
}

/** Measures a problem in a folder of its own. */
export async function measureFrozen(problem: FrozenProblem): Promise<FrozenResult> {
  const folder = await mkdtemp(join(tmpdir(), 'hybridmed-frozen-'));
  try {
    await writePhantoms(join(folder, 'set'), { studies: problem.studies, size: problem.imageSize });
    const { front, epochs } = await trainingTimes(problem, folder);
    // Of two copies of an image each is met within a few epochs: those that still compute some count too.
    const [first = [], ...others] = epochs;
    const ready = timesOf(await readyTimes(problem, folder, others.flat().length));
    const later = timesOf(others.flat());
    return {
      ...problem,
      front,
      first: timesOf(first),
      later,
      ready,
      ratio: round(ready.cpuSeconds / later.cpuSeconds),
      clockRatio: round(ready.seconds / later.seconds),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
