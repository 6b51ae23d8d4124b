// A run whose studies, log and checkpoints are in memory: whoever implements the contracts can train, a page included.
import { plainDevice } from '@hybridmed/gpujs';
import { trainStages } from '@hybridmed/training';
import { expect, test } from 'vitest';
import { memoryRun, memoryStore } from './support/memory-run.ts';

test('trains both stages, and says so in its log', async () => {
  const store = memoryStore();
  const stages = await trainStages(memoryRun(plainDevice(), store));
  expect(stages.map(({ stage, step, epoch, finished }) => [stage, step, epoch, finished])).toEqual([
    [1, 4, 2, true],
    [2, 4, 2, true],
  ]);
  expect([...store.checkpoints.keys()].toSorted()).toEqual(['1-best', '1-last', '2-best', '2-last']);
  expect(store.log.map((line) => [line.stage, line.step, 'validation' in line])).toEqual(
    [1, 2].flatMap((stage) => [1, 2, 2, 3, 4, 4].map((step, i) => [stage, step, i % 3 === 2])),
  );
  // The clock of this run goes on by a millisecond between the start of a step and its end.
  expect(store.log[0]).toMatchObject({ studiesPerSecond: 4000, losses: { cg: null } });
  expect(store.log.at(-1)).toMatchObject({ validation: { cap: expect.any(Number) as number, dis: expect.any(Number) as number } });
});

test('a run that is interrupted in both stages and resumed ends with the bits of one that was not', async () => {
  const [whole, interrupted] = [memoryStore(), memoryStore()];
  await trainStages(memoryRun(plainDevice(), whole));
  for (const at of ['1-3', '2-2', '2-3']) {
    const stop = ({ stage, step }: { stage: number; step: number }) => {
      if (`${stage}-${step}` === at) throw new Error('interrupted');
    };
    await expect(trainStages(memoryRun(plainDevice(), interrupted, { onStep: stop }))).rejects.toThrow('interrupted');
  }
  await trainStages(memoryRun(plainDevice(), interrupted));
  expect(interrupted.log).toEqual(whole.log);
  expect(interrupted.checkpoints).toEqual(whole.checkpoints);
});
