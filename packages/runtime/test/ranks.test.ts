// Ranks under MPI that pre-train one run: the files of one process, whoever is stopped or killed on the way.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createLoader, openDataSet, packDataSet, rangeOf } from '@hybridmed/data';
import { writePhantoms } from '@hybridmed/phantoms';
import { openDevice } from '@hybridmed/runtime/device';
import { pretrain, readProvenance } from '@hybridmed/runtime/run';
import type { RunOptions } from '@hybridmed/runtime/settings';
import { completeConfig } from '@hybridmed/runtime/settings';
import { trainWordPiece } from '@hybridmed/text';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { smallPhantoms, temporaryFolder } from '../../../tools/support/phantoms.ts';
import type { Ended, Job } from '../../ranks/test/support/mpis.ts';
import { mpis, skipped, start } from '../../ranks/test/support/mpis.ts';
import type { RankPretrain } from './support/rank-pretrain.ts';
import { hashes } from './support/run-hashes.ts';

const { folder, remove } = temporaryFolder();
afterAll(remove);
const script = fileURLToPath(new URL('support/rank-pretrain.ts', import.meta.url));

const startRun = (size: number, run: RankPretrain): Job => start(mpis[0]!, size, JSON.stringify(run), { script, timeoutMs: 120_000 });
const ends = ({ lines }: Ended): unknown[] => lines.filter((line) => 'end' in line).map((line) => line['end']);

/** What a run logged, without what depends on the machine. */
const log = (out: string): unknown[] =>
  readFileSync(join(out, 'metrics.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => ({ ...(JSON.parse(line) as object), studiesPerSecond: 0, residentMiB: 0, time: 0 }));

describe.skipIf(mpis.length === 0)(`two ranks ${skipped}`, () => {
  let options: RunOptions;
  const whole = join(folder, 'whole');
  beforeAll(async () => {
    const data = `phantom:${await smallPhantoms(folder)}`;
    options = {
      data,
      preset: 'tiny',
      batch: 4,
      accumulate: 2,
      limit: 17,
      epochs: [1, 2],
      dropout: 0.1,
      duplicates: 'positives',
      sampling: 'length',
      checkpointEvery: 1,
      augment: { rotation: 5, brightness: 0.1 },
      stages: { 1: { batch: 2, dropout: 0.2 }, 2: { augment: { noise: 0.01 }, learningRate: { others: 1e-3, vision: 1e-4 } } },
    };
    const { device } = await openDevice('cpu', { threads: 1 });
    await pretrain({ config: completeConfig(options), out: whole, device, workers: 0 });
    await device.close();
  });

  test('leave the bytes of one, in both stages, with dropout, augmentation, positives and lengths', async () => {
    const out = join(folder, 'two');
    const ended = await startRun(2, { options, out }).ended;
    expect(ended.errors).toBe('');
    expect(ends(ended)).toEqual(['finished', 'finished']);
    expect(hashes(out)).toEqual(hashes(whole));
    expect(log(out)).toEqual(log(whole));
    expect(existsSync(join(out, 'run.lock'))).toBe(false);
  });

  test('asked to stop on rank 1, and a rank killed later: all end, and a resumed run has the bytes of one', async () => {
    const out = join(folder, 'broken');
    const stoppedRun = await startRun(2, { options, out, stopAt: '1-1' }).ended;
    expect(ends(stoppedRun)).toEqual(Array.from({ length: 2 }, () => expect.stringMatching(/^stopped in stage 1 after step 2, which is saved$/)));
    const job = startRun(2, { options, out, resume: true });
    while (!(await job.lines(3)).some((line) => line['at'] === '2-1')) await new Promise((resolve) => setTimeout(resolve, 50));
    const victim = (await job.lines(2)).find((line) => line['rank'] === 1)!;
    const killed = performance.now();
    process.kill(Number(victim['pid']), 'SIGKILL');
    expect((await job.ended).code).not.toBe(0);
    expect(performance.now() - killed).toBeLessThan(5000);
    const { device } = await openDevice('cpu', { threads: 1 });
    await pretrain({ config: completeConfig(options), out, device, workers: 0, resume: true });
    await device.close();
    expect(hashes(out)).toEqual(hashes(whole));
    expect(log(out)).toEqual(log(whole));
  });

  test('of which each meets an image in a shard that is damaged, skip both and leave the bytes of one', async () => {
    const [set, shards] = [join(folder, 'many'), join(folder, 'shards')];
    await writePhantoms(set, { studies: 320, size: 40, seed: 3 });
    await packDataSet(await openDataSet(`phantom:${set}`), shards, { size: 40, workers: 0 });
    const studies = (await openDataSet(`shards:${shards}`)).studies.filter(({ split }) => split === 'train');
    const tokenizer = trainWordPiece(
      studies.map(({ impression }) => impression),
      { size: 60 },
    );
    // The second step's study of each rank that comes last in its pass.
    const last = [0, 1].map(async (rank) => {
      const loader = createLoader({ studies, tokenizer, image: { resize: 36, size: 32, channels: 1 }, batchSize: 4, passes: 2, ranks: 2, rank, train: true, seed: 0, workers: 0 }); // prettier-ignore
      for await (const batch of loader.batches({ epoch: 0, startStep: 1 })) return studies[batch.studies.at(-1)!]!;
      throw new Error('the epoch has one step');
    });
    const bad = await Promise.all(last);
    for (const { image } of bad) {
      const { source, start: from, length } = rangeOf(image)!;
      const bytes = readFileSync(source);
      bytes[from + Math.floor(length / 2)]! ^= 0xff;
      writeFileSync(source, bytes);
    }
    const own: RunOptions = { data: `shards:${shards}`, preset: 'tiny', batch: 4, accumulate: 2, epochs: [1, 1], steps: [1, 4], seed: 0 };
    const [one, two] = [join(folder, 'bad-one'), join(folder, 'bad-two')];
    const { device } = await openDevice('cpu', { threads: 1 });
    await pretrain({ config: completeConfig(own), out: one, device, workers: 0 });
    await device.close();
    expect(ends(await startRun(2, { options: own, out: two }).ended)).toEqual(['finished', 'finished']);
    const skippedOf = async (out: string) => (await readProvenance(out))!.data.skipped!.map(({ id, stage, step }) => ({ id, stage, step }));
    expect((await skippedOf(one)).map(({ id }) => id).toSorted()).toEqual(bad.map(({ id }) => id).toSorted());
    expect(new Set((await skippedOf(one)).map(({ stage, step }) => `${stage}-${step}`))).toEqual(new Set(['2-2']));
    expect(await skippedOf(two)).toEqual(await skippedOf(one));
    expect(hashes(two)).toEqual(hashes(one));
    expect(log(two)).toEqual(log(one));
  });

  test('started unlike, or in a number that does not divide the passes, are refused before anything is written', async () => {
    const out = join(folder, 'refused');
    const unlike = await startRun(2, { options, out, seeds: [0, 2] }).ended;
    expect(unlike.code).not.toBe(0);
    expect(unlike.errors).toMatch(/^error: rank 1 has "seed" 2, rank 0 has 0; start all ranks alike$/m);
    const three = await startRun(3, { options, out }).ended;
    expect(three.errors).toMatch(/^error: 3 ranks cannot share the 2 passes of a step; start 1, 2 of them, or give --accumulate a multiple of 3$/m);
    expect(existsSync(join(out, 'run.json'))).toBe(false);
  });
});
