// Stage 1 judged by the texts that it writes: which checkpoint is the best, and when it ends.
import { plainDevice } from '@hybridmed/gpujs';
import type { RunEvents, TextScorer, TrainingRun } from '@hybridmed/training';
import { trainStages, watchedOf } from '@hybridmed/training';
import { expect, test } from 'vitest';
import type { MemoryStore } from './support/memory-run.ts';
import { memoryRun, memoryStore } from './support/memory-run.ts';

/** A run of six epochs of stage 1, judged by scores given by epoch; `written` gets the texts of each. */
function judgedRun(store: MemoryStore, scores: readonly number[], written: string[] = [], events: RunEvents = {}): TrainingRun {
  const run = memoryRun(plainDevice(), store, events);
  const textScorer: TextScorer = {
    maxTokens: 9,
    cider: (texts) => {
      written.push(JSON.stringify(texts));
      const done = store.log.filter((line) => 'validation' in line).length;
      return scores[done]!;
    },
  };
  return { ...run, textScorer, config: { ...run.config, bestBy: 'cider', epochs: [scores.length, 1], earlyStop: 2 } };
}

test('the checkpoint with the highest CIDEr is the best, whatever its loss, and stage 2 and its teacher start from that', async () => {
  const [store, other] = [memoryStore(), memoryStore()];
  const [stage1, stage2] = await trainStages(judgedRun(store, [1, 3, 2]));
  expect(stage1).toMatchObject({ best: { value: -3, epoch: 2 }, epoch: 3, epochsSinceBest: 1 });
  expect(stage2).toMatchObject({ stage: 2, finished: true });
  const validations = store.log.filter((line) => 'validation' in line);
  expect(validations.map((line) => [line.stage, line.cider])).toEqual([
    [1, 1],
    [1, 3],
    [1, 2],
    [2, undefined],
  ]);
  await trainStages(judgedRun(other, [3, 1, 2]));
  const best = (of: MemoryStore) => of.checkpoints.get('1-best')!.parameters;
  expect(best(other)).not.toEqual(best(store));
  // What differs is the epoch that was kept alone; stage 2 begins there.
  expect(other.checkpoints.get('1-last')!.parameters).toEqual(store.checkpoints.get('1-last')!.parameters);
  expect(other.checkpoints.get('2-last')!.parameters).not.toEqual(store.checkpoints.get('2-last')!.parameters);
});

test('early stop follows CIDEr', async () => {
  const store = memoryStore();
  const [stage1] = await trainStages(judgedRun(store, [2, 1, 1.5, 9]));
  expect(stage1).toMatchObject({ epoch: 3, best: { value: -2, epoch: 1 } });
});

test('the split is written greedily, whole and in order, by the parameters of the epoch', async () => {
  const [written, store] = [[] as string[], memoryStore()];
  await trainStages(judgedRun(store, [1, 2, 3], written));
  const texts = written.map((text) => JSON.parse(text) as number[][]);
  expect(texts.map(({ length }) => length)).toEqual([3, 3, 3]);
  expect(Math.max(...texts.flat().map(({ length }) => length))).toBeLessThanOrEqual(9);
  expect(new Set(written).size).toBeGreaterThan(1);
});

test('a run that is interrupted and resumed judges the same texts and ends with the bits of one that was not', async () => {
  const [whole, interrupted] = [memoryStore(), memoryStore()];
  const [texts, again] = [[] as string[], [] as string[]];
  await trainStages(judgedRun(whole, [1, 3, 2], texts));
  for (const at of ['1-3', '1-4', '1-5']) {
    const stop = ({ stage, step }: { stage: number; step: number }) => {
      if (`${stage}-${step}` === at) throw new Error('interrupted');
    };
    await expect(trainStages(judgedRun(interrupted, [1, 3, 2], again, { onStep: stop }))).rejects.toThrow('interrupted');
  }
  await trainStages(judgedRun(interrupted, [1, 3, 2], again));
  expect([...new Set(again)]).toEqual([...new Set(texts)]);
  expect(interrupted.log).toEqual(whole.log);
  expect(interrupted.checkpoints).toEqual(whole.checkpoints);
});

test('without something that scores texts the run says so', async () => {
  const { textScorer: _none, ...run } = judgedRun(memoryStore(), [1, 2]);
  await expect(trainStages(run)).rejects.toThrow('"bestBy" is "cider", and this run has nothing that scores texts; use "sum"');
});

test('what is watched has its words, and of a run of earlier versions it is the loss', () => {
  expect(watchedOf({ stage: 1 }, {}).title).toBe('summarization (findings to impression)');
  expect(watchedOf({ stage: 1 }, { bestBy: 'cider' }).title).toBe('CIDEr of the impressions written from findings');
  expect(watchedOf({ stage: 2, weights: { cap: 2 } }, { bestBy: 'cider' }).title).toBe('captioning (image to impression)');
});
