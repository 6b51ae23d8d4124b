// Training with standardized features: what is saved is the model that was trained, and a run that is resumed or shared ends with the same bits.
import { plainDevice } from '@hybridmed/gpujs';
import { createModel, fineTune } from '@hybridmed/model';
import { imageFeatureGraph, pick, textFeatureGraph, validationGraph } from '@hybridmed/model/graphs';
import type { HostArray, HostArrays } from '@hybridmed/tensor';
import type { TrainingRun } from '@hybridmed/training';
import { evaluateSplit, trainStages } from '@hybridmed/training';
import { describe, expect, test } from 'vitest';
import { threads } from '../../ranks/test/support/threads.ts';
import { sharedStore } from '../src/ranks/shared-store.ts';
import { lossWeights } from '../src/settings/training-settings.ts';
import type { MemoryStore } from './support/memory-run.ts';
import { memoryRun, memoryStore } from './support/memory-run.ts';

const encoders = ['vision.*', 'text.*'];

interface Options {
  readonly freeze?: readonly string[];
  readonly projection?: 'linear' | 'mlp';
  readonly standardize?: boolean;
  readonly settings?: Partial<TrainingRun['config']>;
  readonly parts?: Parameters<typeof memoryRun>[3];
}

/** A run of three epochs of stage 2 on a model whose projections can hold a standardization. */
function standardRun(
  store: MemoryStore,
  { freeze = encoders, projection = 'linear', standardize = true, settings = {}, parts = {} }: Options,
): { readonly run: TrainingRun; readonly lines: string[] } {
  const lines: string[] = [];
  const run = memoryRun(plainDevice(), store, { onMessage: (line) => lines.push(line) }, parts);
  const { vision, text, special } = run.model;
  const sizes = { vocabularySize: text.vocabulary, width: 12, depth: 1, heads: 2 };
  const model = createModel({
    vision: { kind: 'vit', imageSize: vision.image.size, patch: 8, channels: 1, width: 12, depth: 1, heads: 2 },
    text: { ...sizes, ffn: 24, positions: 24 },
    align: 8,
    projection,
    projectionDropout: 0.2,
    projectionBias: true,
    decoder: { ...sizes, positions: 24 },
    special,
  });
  const config = { ...run.config, standardize, crops: 2, stage1: false as const, epochs: [0, 3] as const, ...settings };
  return { run: { ...run, config, model: fineTune(model, { freeze }) }, lines };
}

async function trained(options: Options) {
  const store = memoryStore();
  const { run, lines } = standardRun(store, options);
  await trainStages(run);
  return { run, store, lines };
}

describe.each(['linear', 'mlp'] as const)('%s projections', (projection) => {
  test('what is saved is the model that was trained, and has no parameter that it has not', async () => {
    const { run, store, lines } = await trained({ projection });
    expect(lines).toContain('standardize: measuring the features before vision_global, text_global, vision_local, text_local on the training studies');
    const { parameters } = store.checkpoints.get('2-last')!;
    expect(Object.keys(parameters).toSorted()).toEqual(Object.keys(run.model.parameters).toSorted());
    const plan = { stage: 2, teacher: 'live', weights: lossWeights(run.config), temperature: 1, tau: 0.1, duplicates: run.config.duplicates } as const;
    const device = plainDevice();
    const program = await device.compile(validationGraph(run.model, plan));
    const state = device.createState(parameters);
    const fields = Object.keys(program.graph.data);
    const saved = await evaluateSplit({ fields, run: (arrays) => program.run(pick<HostArray, string>(arrays, fields), state) }, run.validation);
    const logged = store.log.findLast((line) => 'validation' in line)!;
    if (!('validation' in logged)) throw new Error('no validation');
    for (const key of ['cg', 'cl', 'sum', 'cap'] as const) expect(Math.abs(saved.losses[key]! - logged.validation[key]!), key).toBeLessThan(1e-5);
    expect(Object.keys(store.checkpoints.get('2-best')!.parameters)).toEqual(Object.keys(parameters));
  });

  test('resumed at any step and shared by ranks, it ends with the same bits', async () => {
    const options = { projection, parts: { passes: 2 } };
    const { store: expected } = await trained(options);
    const store = memoryStore();
    for (const at of [1, 4, undefined]) {
      const { run } = standardRun(store, options);
      const onStep = ({ step }: { step: number }) => {
        if (step === at) throw new Error('interrupted');
      };
      const ended = trainStages({ ...run, events: { onStep } });
      if (at === undefined) await ended;
      else await expect(ended).rejects.toThrow('interrupted');
    }
    expect(store.checkpoints).toEqual(expected.checkpoints);
    const shared = memoryStore();
    await Promise.all(
      threads(2).map((ranks) => {
        const { run } = standardRun(shared, { ...options, parts: { passes: 2, ranks } });
        return trainStages({ ...run, store: sharedStore(ranks, ranks.rank === 0 ? shared : undefined) });
      }),
    );
    expect(shared.checkpoints).toEqual(expected.checkpoints);
  });
});

test('means and deviations are those of the training studies, of a frozen encoder alone', async () => {
  const { run, store, lines } = await trained({ freeze: ['text.*'] });
  expect(lines).toContain('standardize: measuring the features before text_global, text_local on the training studies');
  const { optimizer, parameters } = store.checkpoints.get('2-last')!;
  const own = optimizer as HostArrays;
  expect(Object.keys(own).filter((name) => name.includes('standard'))).toHaveLength(4);
  // Of the first epoch's two steps of four studies each.
  const rows: number[][] = [];
  const device = plainDevice();
  const program = await device.compile(textFeatureGraph(run.model, ['global']));
  for await (const { arrays } of run.train.textBatches({ epoch: 0 })) {
    const { global } = await program.run({ ids: arrays.impression, mask: arrays.impression_mask }, device.createState(parameters));
    for (let row = 0; row < 4; row++) rows.push([...global!.data.subarray(row * 12, (row + 1) * 12)]);
  }
  for (let i = 0; i < 12; i++) {
    const values = rows.map((row) => row[i]!);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
    expect(own['align.text_global.standard.mean']!.data[i]).toBeCloseTo(mean, 5);
    expect(own['align.text_global.standard.scale']!.data[i]! * deviation).toBeCloseTo(1, 3);
  }
});

test('it makes a difference, is of stage 2 alone, and is refused where no encoder is frozen as a whole', async () => {
  const [with_, without] = [await trained({}), await trained({ standardize: false })];
  expect(with_.store.checkpoints.get('2-last')!.parameters).not.toEqual(without.store.checkpoints.get('2-last')!.parameters);
  expect(Object.keys(without.store.checkpoints.get('2-last')!.optimizer!).some((name) => name.includes('standard'))).toBe(false);
  await expect(trained({ freeze: ['vision.pos_embed'] })).rejects.toThrow(
    '"standardize" is of frozen encoders\' features, and no encoder is frozen as a whole in stage 2; give --freeze',
  );
  // Nothing is projected.
  const { lines } = await trained({ settings: { cg: 0, cl: 0 } });
  expect(lines.some((line) => line.startsWith('standardize'))).toBe(false);
});

test('a saved model computes features without further parameters', async () => {
  const { run, store } = await trained({});
  const { parameters } = store.checkpoints.get('2-best')!;
  const device = plainDevice();
  const program = await device.compile(imageFeatureGraph(run.model, ['embedding']));
  expect(Object.keys(program.graph.state).some((name) => name.includes('standard'))).toBe(false);
  for await (const { arrays } of run.validation.batches()) {
    const { embedding } = await program.run({ image: arrays.image }, device.createState(parameters));
    expect(embedding!.data.every(Number.isFinite)).toBe(true);
  }
});
