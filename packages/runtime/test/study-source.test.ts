// Studies whose images cannot be read: left out before training, or replaced within their steps once training meets them.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DataSet, LoaderOptions } from '@hybridmed/data';
import { createLoader, openDataSet, packDataSet } from '@hybridmed/data';
import { readableStudies, studySource } from '@hybridmed/runtime';
import type { SourceBatch } from '@hybridmed/training';
import { trainWordPiece } from '@hybridmed/text';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { smallPhantoms, temporaryFolder } from '../../../tools/support/phantoms.ts';

const { folder, remove } = temporaryFolder();
afterAll(remove);
let set: DataSet;
let options: LoaderOptions;
beforeAll(async () => {
  set = await openDataSet(`phantom:${await smallPhantoms(folder)}`);
  const studies = set.studies.filter(({ split }) => split === 'train').slice(0, 30);
  const tokenizer = trainWordPiece(
    studies.flatMap(({ findings, impression }) => [findings, impression]),
    { size: 60 },
  );
  options = { studies, tokenizer, image: { resize: 36, size: 32, channels: 1 }, batchSize: 8, train: true, seed: 3, workers: 0 };
});

async function batchesOf(more: Partial<LoaderOptions> = {}, leftOut?: ReadonlySet<number>): Promise<SourceBatch[]> {
  const batches: SourceBatch[] = [];
  const source = studySource(createLoader({ ...options, ...more }), { onBadData: leftOut ? 'stop' : 'skip', ...(more.passes ? { passSize: 4 } : {}) });
  for await (const batch of source.batches(leftOut ? { leftOut } : {})) batches.push(batch);
  await source.close();
  return batches;
}

/** Pixels of a batch's image of one row. */
const row = ({ arrays: { image } }: SourceBatch, at: number) => image.data.slice(at * 1024, (at + 1) * 1024);

test('the next ones of their steps take their places, and nothing else changes, whatever threads and ranks', async () => {
  const whole = await batchesOf();
  // Neighbours within a step, and the last of one, whose place its first takes.
  const bad = [whole[0]!.studies[2]!, whole[0]!.studies[3]!, whole[1]!.studies[7]!];
  const studies = options.studies.map((study, i) => (bad.includes(i) ? { ...study, image: join(folder, `gone-${i}.png`) } : study));
  const expected = whole.map((batch) => [...batch.studies]);
  expected[0]![2] = expected[0]![3] = expected[0]![4]!;
  expected[1]![7] = expected[1]![0]!;
  for (const workers of [0, 2]) {
    const batches = await batchesOf({ studies, workers });
    expect(batches.map((batch) => batch.studies)).toEqual(expected);
    expect(batches.map(({ unreadable = [] }) => unreadable.map(({ study }) => study))).toEqual([[bad[0], bad[1]], [bad[2]], []]);
    expect(batches[1]!.unreadable![0]!.reason).toContain(`gone-${bad[2]}.png: does not exist`);
    expect(row(batches[0]!, 2)).toEqual(row(batches[0]!, 4));
    for (const at of [0, 1, 4, 5, 6, 7]) expect(row(batches[0]!, at), `row ${at}`).toEqual(row(whole[0]!, at));
    expect(batches[2]).toEqual(whole[2]);
    // Those that are known to be left out are not read.
    const again = await batchesOf({ studies, workers }, new Set(bad));
    expect(again).toEqual(batches.map(({ arrays, studies: step }) => ({ arrays, studies: step })));
  }
  // A batch of several passes: the next one of the pass, which is never shared by ranks.
  const inPasses = whole.map((batch) => [...batch.studies]);
  inPasses[0]![2] = inPasses[0]![3] = inPasses[0]![0]!;
  inPasses[1]![7] = inPasses[1]![4]!;
  const ofRanks = async (ranks: number) =>
    (await Promise.all(Array.from({ length: ranks }, (_, rank) => batchesOf({ studies, batchSize: 8 / ranks, passes: 2, rank, ranks })))).map((batches) =>
      batches.map((batch) => batch.studies),
    );
  expect(await ofRanks(1)).toEqual([inPasses]);
  expect(await ofRanks(2)).toEqual([0, 4].map((from) => inPasses.map((step) => step.slice(from, from + 4))));
});

test('where nothing is left of a step, or nothing may be skipped, the epoch ends', async () => {
  const studies = options.studies.map((study, i) => ({ ...study, image: join(folder, `gone-${i}.png`) }));
  await expect(batchesOf({ studies })).rejects.toThrow('no image of a batch of 8 studies can be read; check the data set');
  await expect(batchesOf({ studies }, new Set())).rejects.toThrow(/gone-\d+\.png: does not exist/);
});

test('before training they are left out and named; images in shards where training does not verify them', async () => {
  const broken = join(folder, 'broken.png');
  writeFileSync(broken, 'nothing');
  const [a, b, c] = options.studies as [LoaderOptions['studies'][0], LoaderOptions['studies'][0], LoaderOptions['studies'][0]];
  const studies = [a, { ...b, image: broken }, c, { ...b, id: 'gone', image: join(folder, 'gone.png') }];
  const { studies: readable, unreadable } = await readableStudies(studies);
  expect(readable).toEqual([a, c]);
  expect(unreadable).toEqual([expect.stringContaining('broken.png: is neither JPEG'), expect.stringContaining('gone.png: does not exist')]);
  expect((await readableStudies(studies, { keep: new Set([b.id, 'gone']) })).studies).toEqual(studies);
  const packed = join(folder, 'packed');
  await packDataSet(set, packed, { size: 36, workers: 0 });
  const [first, second] = (await openDataSet(`shards:${packed}`)).studies as [typeof a, typeof a];
  const [, shard, start] = /^(.+)#bytes=(\d+)-/.exec(first.image)!;
  const bytes = readFileSync(shard!);
  bytes[Number(start) + 99]! ^= 1;
  writeFileSync(shard!, bytes);
  expect(await readableStudies([first, second])).toEqual({
    studies: [second],
    unreadable: [expect.stringContaining(`${shard}: the image in bytes ${start} to`)],
  });
  expect((await readableStudies([first, second], { shards: false })).studies).toEqual([first, second]);
});
