// Stage 0 of a run in memory: the image encoder and a head learn labels from images alone.
import { plainDevice } from '@hybridmed/gpujs';
import { sharedStore, trainStages, TrainingStoppedError } from '@hybridmed/training';
import type { RunEvents } from '@hybridmed/training';
import { expect, test } from 'vitest';
import { threads } from '../../ranks/test/support/threads.ts';
import type { MemoryStore } from './support/memory-run.ts';
import { memoryRun, memoryStore } from './support/memory-run.ts';

const labelled = { labelled: true } as const;

test('validation of the labels falls, and neither texts nor other parameters are touched', async () => {
  const store = memoryStore();
  const run = memoryRun(plainDevice(), store, {}, { ...labelled, count: 24, settings: { epochs: [8, 0, 0], checkpointEvery: 0 } });
  const never = () => {
    throw new Error('stage 0 reads no text');
  };
  const train = { ...run.train, textBatches: never, texts: never };
  await trainStages({ ...run, train });
  const validations = store.log.flatMap((line) => ('validation' in line ? [line] : []));
  const values = validations.map(({ validation }) => validation.lab!);
  expect(Math.min(...values)).toBeLessThan(0.8 * values[0]!);
  expect(validations.every(({ validation, tokensPerStudy }) => validation.cap === null && tokensPerStudy === undefined)).toBe(true);
  const { optimizer } = store.checkpoints.get('0-last')!;
  expect(Object.keys(optimizer!).every((name) => /\.(vision|lab)\./.test(name))).toBe(true);
});

test.each([0, 0.4])('with head dropout %d, a run that is stopped in stage 0 and after it ends with the bits of one that was not', async (headDropout) => {
  const options = { ...labelled, settings: { headDropout } };
  const [whole, stopped] = [memoryStore(), memoryStore()];
  await trainStages(memoryRun(plainDevice(), whole, {}, options));
  expect(whole.log.map(({ stage }) => stage)).toEqual([0, 1, 2].flatMap((stage) => Array.from({ length: 6 }, () => stage)));
  const ends: unknown[] = [];
  for (const at of ['0-1', '0-4', '1-2']) {
    const controller = new AbortController();
    const events: RunEvents = { onStep: ({ stage, step }) => void (`${stage}-${step}` === at && controller.abort()) };
    const error: unknown = await trainStages({ ...memoryRun(plainDevice(), stopped, events, options), signal: controller.signal }).catch(
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(TrainingStoppedError);
    ends.push((error as TrainingStoppedError).message);
  }
  expect(ends).toEqual([
    'stopped in stage 0 after step 1, which is saved',
    'stopped in stage 0 after step 4, which is saved',
    'stopped in stage 1 after step 2, which is saved',
  ]);
  await trainStages(memoryRun(plainDevice(), stopped, {}, options));
  expect(stopped.log).toEqual(whole.log);
  expect(stopped.checkpoints).toEqual(whole.checkpoints);
});

/** A labelled run of two passes a step, shared by ranks; the store is rank 0's. */
const trainOnRanks = (size: number, store: MemoryStore): Promise<unknown> =>
  Promise.all(
    threads(size).map((ranks) => {
      const own = sharedStore(ranks, ranks.rank === 0 ? store : undefined);
      return trainStages(memoryRun(plainDevice(), own, {}, { ...labelled, passes: 2, ranks, settings: { lab: 0.5 } }));
    }),
  );

test('two ranks make the run of one, with labels in stage 0 and in stage 2', async () => {
  const [one, two] = [memoryStore(), memoryStore()];
  await trainOnRanks(1, one);
  await trainOnRanks(2, two);
  expect(two.log).toEqual(one.log);
  expect(two.checkpoints).toEqual(one.checkpoints);
  expect(one.log.every((line) => line.stage === 1 || typeof ('validation' in line ? line.validation : line.losses).lab === 'number')).toBe(true);
});
