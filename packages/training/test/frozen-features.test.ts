// Training behind a frozen front: what that makes of images is computed once, and changes no bit of what is trained.
import { plainDevice } from '@hybridmed/gpujs';
import { fineTune } from '@hybridmed/model';
import { trainStages } from '@hybridmed/training';
import type { FeatureKeeping, TrainingRun } from '@hybridmed/training';
import { expect, test } from 'vitest';
import { threads } from '../../ranks/test/support/threads.ts';
import { featureCodings } from '../src/frozen/feature-coding.ts';
import { copyingStore } from './support/copying-store.ts';
import type { MemoryStore } from './support/memory-run.ts';
import { memoryRun, memoryStore } from './support/memory-run.ts';

const whole = ['vision.*'];
const embedding = ['vision.patch_embed.*', 'vision.cls_token', 'vision.pos_embed'];

interface Options {
  readonly freeze: readonly string[];
  readonly crops: number;
  readonly features?: FeatureKeeping;
}

/** A run of three epochs of stage 2, what it says, and how many images are read for it. */
function frozenRun({ freeze, crops, features }: Options, store: MemoryStore, parts: Parameters<typeof memoryRun>[3] = {}) {
  const lines: string[] = [];
  const read = { images: 0 };
  const run = memoryRun(plainDevice(), store, { onMessage: (line) => lines.push(line) }, { ...parts, onRead: (images) => void (read.images += images) });
  const config = { ...run.config, crops, epochs: [0, 3] as const, stage1: false as const };
  return { run: { ...run, config, model: fineTune(run.model, { freeze }), features } satisfies TrainingRun, lines, read };
}

async function trained(options: Options, parts?: Parameters<typeof memoryRun>[3]) {
  const store = memoryStore();
  const { run, lines, read } = frozenRun(options, store, parts);
  await trainStages(run);
  return { checkpoints: store.checkpoints, log: store.log.map(({ ...line }) => ({ ...line, studiesPerSecond: 0 })), lines, images: read.images };
}

/** The run's sources with names of their images, as files have them. */
const named = (run: TrainingRun): TrainingRun => ({
  ...run,
  train: { ...run.train, imageName: (study, copy) => Promise.resolve(`train ${study} ${copy}`) },
  validation: { ...run.validation, imageName: (study, copy) => Promise.resolve(`validation ${study} ${copy}`) },
});

test.each([
  ['a whole encoder', whole],
  ['its first layer', embedding],
])('%s that is frozen: kept or not, the same bits; what is kept is read once', async (_, freeze) => {
  const without = await trained({ freeze, crops: 2, features: { memoryBytes: 0 } });
  const kept = await trained({ freeze, crops: 2 });
  expect(kept.checkpoints).toEqual(without.checkpoints);
  expect(kept.log).toEqual(without.log);
  // Three epochs of two steps of four, and as many validations of three studies.
  expect(without.images).toBe(3 * (8 + 3));
  expect(kept.images).toBeLessThanOrEqual(2 * 9 + 3);
  expect(kept.lines.join()).toMatch(
    /frozen: (all of vision|vision up to embedding); what it makes of 9 training images in 2 copies and 3 validation images, 0\.0 MiB, is kept in memory/,
  );
});

test('a store that holds only some, or half precision, changes what is read and what is rounded alone', async () => {
  const without = await trained({ freeze: whole, crops: 2, features: { memoryBytes: 0 } });
  const some = await trained({ freeze: whole, crops: 2, features: { memoryBytes: 1500 } });
  expect(some.checkpoints).toEqual(without.checkpoints);
  expect(some.images).toBeLessThan(without.images);
  expect(some.lines.join()).toContain('beyond that each is computed in each epoch');
  const halves = await trained({ freeze: whole, crops: 2, features: { precision: 'f16' } });
  const halvesAnew = await trained({ freeze: whole, crops: 2, features: { precision: 'f16', memoryBytes: 0 } });
  expect(halves.checkpoints).toEqual(halvesAnew.checkpoints);
  expect(halves.checkpoints).not.toEqual(without.checkpoints);
});

test('with random crops only validation images are kept, and a line says so', async () => {
  const { images, lines } = await trained({ freeze: whole, crops: 0 });
  expect(images).toBe(3 * 8 + 3);
  expect(lines.join()).toContain('training images are cropped anew in each epoch, so that theirs is not kept (--crops N gives each N fixed copies)');
});

test('another run finds what is kept outside; other weights find nothing; damaged bytes are computed again', async () => {
  const store = copyingStore();
  const train = async (seed: number) => {
    const checkpoints = memoryStore();
    const { run, read } = frozenRun({ freeze: whole, crops: 2, features: { store } }, checkpoints);
    await trainStages(named({ ...run, config: { ...run.config, seed } }));
    return { checkpoints: checkpoints.checkpoints, images: read.images };
  };
  const first = await train(0);
  expect(first.images).toBe(store.puts);
  expect(await train(0)).toEqual({ ...first, images: 0 });
  const other = await train(1);
  expect(other.images).toBe(first.images);
  // Of another length, as a file that was cut.
  const damaged = [...store.kept.keys()].slice(0, 3);
  for (const key of damaged) store.kept.set(key, store.kept.get(key)!.subarray(4));
  expect(await train(0)).toEqual({ ...first, images: damaged.length });
});

test('a run that is interrupted and resumed, or whose passes ranks share, ends with the same bits', async () => {
  const options = { freeze: embedding, crops: 3 };
  const expected = await trained(options, { passes: 2 });
  const store = memoryStore();
  for (const at of [2, 5, undefined]) {
    const { run } = frozenRun(options, store, { passes: 2 });
    const onStep = ({ step }: { step: number }) => {
      if (step === at) throw new Error('interrupted');
    };
    const ended = trainStages({ ...run, events: { onStep } });
    if (at === undefined) await ended;
    else await expect(ended).rejects.toThrow('interrupted');
  }
  expect(store.checkpoints).toEqual(expected.checkpoints);
  const stores = [memoryStore(), memoryStore()];
  await Promise.all(threads(2).map((ranks, rank) => trainStages(frozenRun(options, stores[rank]!, { passes: 2, ranks }).run)));
  expect(stores[0]!.checkpoints).toEqual(expected.checkpoints);
});

test('half precision comes back as it was rounded, and refuses what it cannot hold', () => {
  const values = Float32Array.of(0, -1, 1 / 3, 65504, 1e-8, 6e-5, -2049);
  const { round, encode, decode } = featureCodings.f16;
  const rounded = round(values);
  expect(decode(encode(rounded), values.length)).toEqual(rounded);
  expect([...rounded]).toEqual([0, -1, 0.333251953125, 65504, 0, Math.fround(6.0021877e-5), -2048]);
  expect(decode(new Uint8Array(3), 2)).toBeUndefined();
  expect(() => round(Float32Array.of(7e4))).toThrow(/gives 70000, which half precision cannot hold/);
});
