// A run whose studies, log and checkpoints are in memory: whoever implements the contracts can train, a page included.
import { plainDevice } from '@hybridmed/gpujs';
import { sharedStore, trainStages, TrainingStoppedError } from '@hybridmed/training';
import type { RunEvents, StudySource } from '@hybridmed/training';
import { expect, test } from 'vitest';
import { threads } from '../../ranks/test/support/threads.ts';
import type { MemoryStore } from './support/memory-run.ts';
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

test('a run that is asked to stop at any moment saves, says where, and ends with the bits of one that was not', async () => {
  const [whole, stopped] = [memoryStore(), memoryStore()];
  await trainStages(memoryRun(plainDevice(), whole));
  const ends: unknown[] = [];
  // Within an epoch; at an epoch's end, before its validation; at a stage's end; while the teacher is at work, before stage 2's first step.
  for (const at of ['step 1-1', 'step 1-2', 'step 1-4', 'teacher', 'step 2-3']) {
    const controller = new AbortController();
    const stop = (moment: string) => {
      if (moment === at) controller.abort();
    };
    const events: RunEvents = {
      onStep: ({ stage, step }) => stop(`step ${stage}-${step}`),
      onMessage: (text) => stop(text.includes('teacher') ? 'teacher' : ''),
    };
    const error: unknown = await trainStages({ ...memoryRun(plainDevice(), stopped, events), signal: controller.signal }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(TrainingStoppedError);
    ends.push((error as TrainingStoppedError).message);
  }
  expect(ends).toEqual([
    ...[1, 2, 4].map((step) => `stopped in stage 1 after step ${step}, which is saved`),
    'stopped before the first step of stage 2',
    'stopped in stage 2 after step 3, which is saved',
  ]);
  await trainStages(memoryRun(plainDevice(), stopped));
  expect(stopped.log).toEqual(whole.log);
  expect(stopped.checkpoints).toEqual(whole.checkpoints);
});

test('of a run whose numbers stop being finite, the last checkpoint whose next step was finite is kept; it goes on from there at another rate', async () => {
  const [whole, ruined] = [memoryStore(), memoryStore()];
  await trainStages(memoryRun(plainDevice(), whole));
  const runAt = (learningRate: number, events: RunEvents = {}) => {
    const run = memoryRun(plainDevice(), ruined, events);
    return trainStages({ ...run, config: { ...run.config, learningRate } });
  };
  // The first step spoils the model, and is saved before the second one shows it: nothing is left to go on from.
  await expect(runAt(1e30)).rejects.toThrow(/^stage 1, epoch 1, step 2: the loss "sum" is NaN; lower --learning-rate and run again with --resume$/);
  expect([...ruined.checkpoints.keys()]).toEqual([]);
  const stop = ({ stage, step }: { stage: number; step: number }) => {
    if (stage === 1 && step === 4) throw new Error('interrupted');
  };
  await expect(runAt(1e-2, { onStep: stop })).rejects.toThrow('interrupted');
  // The step after the checkpoint of step 3 is finite, what it makes of the model is not.
  await expect(runAt(1e30)).rejects.toThrow(
    /^stage 1, epoch 2, validation after step 4: the loss "sum" is NaN; lower --learning-rate and resume with --resume from step 3, which is saved$/,
  );
  await runAt(1e-2);
  expect(ruined.log).toEqual(whole.log);
  expect(ruined.checkpoints).toEqual(whole.checkpoints);
});

test('a run that stopped further on in an epoch than the epoch now has steps is refused', async () => {
  const store = memoryStore();
  const stop = () => {
    throw new Error('interrupted');
  };
  await expect(trainStages(memoryRun(plainDevice(), store, { onStep: ({ step }) => step === 2 && stop() }))).rejects.toThrow('interrupted');
  const run = memoryRun(plainDevice(), store);
  await expect(trainStages({ ...run, train: { ...run.train, stepsPerEpoch: 0 } })).rejects.toThrow(
    'stage 1 stopped after step 1 of an epoch, which has 0 steps now; restore the data, or begin the run anew',
  );
});

/** A run of two passes a step, shared by ranks; the store is rank 0's. `stopAt` is where the last rank is asked to stop. */
async function trainOnRanks(size: number, store: MemoryStore, stopAt?: string): Promise<string[]> {
  const ends = threads(size).map(async (ranks) => {
    const controller = new AbortController();
    const events: RunEvents = ranks.rank === size - 1 ? { onStep: ({ stage, step }) => void (`${stage}-${step}` === stopAt && controller.abort()) } : {};
    const run = memoryRun(plainDevice(), sharedStore(ranks, ranks.rank === 0 ? store : undefined), events, { passes: 2, ranks });
    return trainStages({ ...run, signal: controller.signal }).then(
      () => 'finished',
      (error: Error) => error.message,
    );
  });
  return Promise.all(ends);
}

test('two ranks make the run of one: the same log, the same bits; asked to stop on any rank all stop after one step, and one goes on', async () => {
  const [one, two] = [memoryStore(), memoryStore()];
  expect(await trainOnRanks(1, one)).toEqual(['finished']);
  // Asked while step 1 was logged: both stop after step 2. Then between an epoch's last step and its validation.
  expect(await trainOnRanks(2, two, '1-1')).toEqual(Array.from({ length: 2 }, () => 'stopped in stage 1 after step 2, which is saved'));
  expect(await trainOnRanks(2, two, '1-4')).toEqual(Array.from({ length: 2 }, () => expect.stringMatching(/^stopped before the first step of stage 2$/)));
  expect(await trainOnRanks(2, two, '2-1')).toEqual(Array.from({ length: 2 }, () => 'stopped in stage 2 after step 2, which is saved'));
  expect(await trainOnRanks(1, two)).toEqual(['finished']);
  expect(two.log).toEqual(one.log);
  expect(two.checkpoints).toEqual(one.checkpoints);
});

test('a number of ranks that does not divide the passes is refused before the first step', async () => {
  const store = memoryStore();
  const line = '3 ranks cannot share the 2 passes of a step; start 1, 2 of them, or give --accumulate a multiple of 3';
  expect(await trainOnRanks(3, store)).toEqual([line, line, line]);
  expect(store.log).toEqual([]);
});

test('a study whose image cannot be read is skipped from then on, and a run that is interrupted skips it to the same bits', async () => {
  const [whole, interrupted, blind] = [memoryStore(), memoryStore(), memoryStore()];
  const messages: string[] = [];
  const unreadable = new Set([17]);
  const start = (store: MemoryStore, events: RunEvents = {}, bad: ReadonlySet<number> = unreadable) => {
    const run = memoryRun(plainDevice(), store, events, { count: 100, unreadable: bad });
    return trainStages({ ...run, config: { ...run.config, epochs: [1, 2], steps: [2, 30], batch: 4 } });
  };
  await start(whole, { onMessage: (text) => messages.push(text) });
  expect(messages.filter((text) => text.startsWith('skipped'))).toEqual([
    'skipped: study study 17 (study-17.png: cannot be read); the next study of its batch takes its place',
  ]);
  const { step } = whole.skipped[0]!;
  expect(whole.skipped).toEqual([{ id: 'study 17', reason: 'study-17.png: cannot be read', stage: 2, epoch: 1, step }]);
  expect(whole.checkpoints.get('2-last')!.trainer!.skipped).toEqual(['study 17']);
  expect(whole.checkpoints.get('1-last')!.trainer).not.toHaveProperty('skipped');
  const stop = (line: { stage: number; step: number }) => {
    if (line.stage === 2 && line.step === step + 1) throw new Error('interrupted');
  };
  await expect(start(interrupted, { onStep: stop })).rejects.toThrow('interrupted');
  // Whatever has become of the image meanwhile.
  await start(interrupted, {}, new Set());
  expect(interrupted.log).toEqual(whole.log);
  expect(interrupted.checkpoints).toEqual(whole.checkpoints);
  // It makes a difference.
  await start(blind, {}, new Set());
  expect(blind.log.at(-1)).not.toEqual(whole.log.at(-1));
});

test('ranks of which each has an image that cannot be read make the run of one: the same list, the same log, the same bits', async () => {
  const [one, two] = [memoryStore(), memoryStore()];
  const [count, batchSize, passes] = [240, 8, 2];
  // The last study of rank 0's pass of the second step, and the first of rank 1's.
  const steps = await Promise.all(
    threads(2).map(async ({ rank, size, ...ranks }) => {
      const { train } = memoryRun(plainDevice(), one, {}, { passes, ranks: { ...ranks, rank, size }, count, batchSize });
      const studies: (readonly number[])[] = [];
      for await (const batch of train.batches({ epoch: 0 })) studies.push(batch.studies);
      return studies;
    }),
  );
  const [first, second] = steps as [number[][], number[][]];
  const bad = [first[1]![3]!, second[1]![0]!];
  const start = async (size: number, store: MemoryStore) => {
    await Promise.all(
      threads(size).map((ranks) => {
        const run = memoryRun(plainDevice(), sharedStore(ranks, ranks.rank === 0 ? store : undefined), {}, { passes, ranks, count, batchSize, unreadable: new Set(bad) }); // prettier-ignore
        return trainStages({ ...run, config: { ...run.config, epochs: [1, 1], steps: [1, 4] } });
      }),
    );
  };
  await start(1, one);
  await start(2, two);
  expect(one.skipped.map(({ id, step }) => `${id} at ${step}`)).toEqual(bad.toSorted((a, b) => a - b).map((study) => `study ${study} at 2`));
  expect(two.skipped).toEqual(one.skipped);
  expect(two.log).toEqual(one.log);
  expect(two.checkpoints).toEqual(one.checkpoints);
});

test('of more than 1 % of the studies the list is given, and everything before is saved', async () => {
  const [store, whole] = [memoryStore(), memoryStore()];
  await trainStages(memoryRun(plainDevice(), whole));
  const bad = new Set([0, 1, 2, 3, 4, 5, 6, 7]);
  const run = memoryRun(plainDevice(), store, {}, { unreadable: bad });
  await expect(trainStages(run)).rejects.toThrow(
    /^the images of \d of 9 training studies cannot be read, more than 1 %: study \d(, study \d)* \(study-\d\.png: cannot be read\); restore them, or leave them out with --exclude-ids$/,
  );
  const later = memoryRun(plainDevice(), store);
  const source = later.train;
  // The image is damaged while the run trains.
  const train: StudySource = {
    ...source,
    async *batches(range) {
      for await (const batch of source.batches(range)) {
        yield range?.epoch === 1 ? { ...batch, unreadable: [{ study: 3, reason: 'study-3.png: is empty' }] } : batch;
      }
    },
  };
  await expect(trainStages({ ...later, train })).rejects.toThrow(
    'the images of 1 of 9 training studies cannot be read, more than 1 %: study 3 (study-3.png: is empty); restore them, or leave them out with --exclude-ids; step 2 of stage 2 is saved, and the run resumes from there with --resume',
  );
  expect(store.checkpoints.get('2-last')!.trainer).toMatchObject({ step: 2, stepInEpoch: 0, epoch: 1 });
  await trainStages(memoryRun(plainDevice(), store));
  expect(store.checkpoints).toEqual(whole.checkpoints);
});
