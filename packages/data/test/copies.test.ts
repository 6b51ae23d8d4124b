// Fixed copies of training images, and batches of studies whose images' features are known already.
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Loader, StudyBatch } from '@hybridmed/data';
import { createLoader, openDataSet } from '@hybridmed/data';
import { writePhantoms } from '@hybridmed/phantoms';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { temporaryFolder, tokenizer } from './support.ts';

const { folder, remove } = temporaryFolder();
afterAll(remove);
let studies: Parameters<typeof createLoader>[0]['studies'];
beforeAll(async () => {
  await writePhantoms(join(folder, 'set'), { studies: 24, size: 50 });
  ({ studies } = await openDataSet(`phantom:${join(folder, 'set')}`));
});

const pixels = 32 * 32;
const augmentation = { rotation: 5, brightness: 0.1, noise: 0.02 };

const make = (options: Partial<Parameters<typeof createLoader>[0]> = {}): Loader =>
  createLoader({
    studies,
    tokenizer,
    image: { resize: 40, size: 32, channels: 1 },
    batchSize: 8,
    train: true,
    seed: 3,
    workers: 0,
    augmentation,
    ...options,
  });

/** Each study's copies by `EPOCH STUDY`: which one it was of, and its pixels. */
async function copiesOf(loader: Loader, crops: number, epochs: number): Promise<Map<string, { copy: number; image: Float32Array }>> {
  const all = new Map<string, { copy: number; image: Float32Array }>();
  for (let epoch = 0; epoch < epochs; epoch++)
    for await (const { arrays, studies: rows, copies } of loader.batches({ epoch, crops }))
      rows.forEach((study, row) =>
        all.set(`${epoch} ${study}`, { copy: copies![row]!, image: (arrays.image.data as Float32Array).slice(row * pixels, (row + 1) * pixels) }),
      );
  await loader.close();
  return all;
}

test("an epoch has one of a study's copies, the same whatever batches, workers, passes and ranks; copy 0 is the centre crop", async () => {
  const expected = await copiesOf(make(), 3, 6);
  const others = [make({ batchSize: 4 }), make({ workers: 2 }), make({ passes: 4 })];
  for (const loader of others) expect(await copiesOf(loader, 3, 6)).toEqual(expected);
  const ofRanks = await Promise.all([0, 1].map((rank) => copiesOf(make({ batchSize: 4, rank, ranks: 2, passes: 2 }), 3, 6)));
  expect(new Map([...ofRanks[0]!, ...ofRanks[1]!].toSorted())).toEqual(new Map([...expected].toSorted()));
  expect(expected.size).toBe(6 * studies.length);
  const centre: Float32Array[] = [];
  for await (const { arrays, studies: rows } of make({ train: false }).batches())
    rows.forEach((study, row) => (centre[study] = (arrays.image.data as Float32Array).slice(row * pixels, (row + 1) * pixels)));
  const byCopy = new Map<string, Float32Array>();
  for (const [key, { copy, image }] of expected) {
    const name = `${key.split(' ')[1]} ${copy}`;
    expect(image, name).toEqual(byCopy.get(name) ?? image);
    byCopy.set(name, image);
    if (copy === 0) expect(image, name).toEqual(centre[Number(key.split(' ')[1])]);
    else expect(image, name).not.toEqual(centre[Number(key.split(' ')[1])]);
  }
  // Of 3 copies in 6 epochs nearly all of them, each about as often.
  expect(byCopy.size).toBeGreaterThan(2 * studies.length);
  const counts = [0, 1, 2].map((copy) => [...expected.values()].filter((one) => one.copy === copy).length);
  for (const count of counts) expect(count).toBeGreaterThan(studies.length);
});

test('another seed draws other copies, and the copies of two studies are cut at different places', async () => {
  const [one, other] = [await copiesOf(make(), 2, 4), await copiesOf(make({ seed: 4 }), 2, 4)];
  const images = (all: typeof one) => new Set([...all.values()].filter(({ copy }) => copy === 1).map(({ image }) => image.join()));
  expect([...images(one)].filter((image) => images(other).has(image))).toEqual([]);
});

test.each([0, 2])('with %i workers the images of studies whose features are known are not read', async (workers) => {
  mkdirSync(join(folder, `set-${workers}`));
  const own = studies.map((study, i) => ({ ...study, image: join(folder, `set-${workers}`, `${i}.png`) }));
  own.forEach(({ image }, i) => copyFileSync(studies[i]!.image, image));
  const batches = async (known?: (study: number, copy: number) => Promise<Float32Array | undefined>): Promise<StudyBatch[]> => {
    const loader = make({ studies: own, workers, batchSize: 6, cacheBytes: 0 });
    const all: StudyBatch[] = [];
    for await (const batch of loader.batches({ epoch: 1, crops: 2, known })) all.push(batch);
    await loader.close();
    return all;
  };
  const expected = await batches();
  const isKnown = (study: number) => study % 3 !== 0;
  own.forEach(({ image }, study) => isKnown(study) && writeFileSync(image, 'no image any more'));
  const feature = Float32Array.of(1, 2);
  const asked: string[] = [];
  const some = await batches((study, copy) => {
    asked.push(`${study} ${copy}`);
    return Promise.resolve(isKnown(study) ? feature : undefined);
  });
  expect(asked.toSorted()).toEqual(expected.flatMap((batch) => batch.studies.map((study, row) => `${study} ${batch.copies![row]}`)).toSorted());
  some.forEach((batch, i) => {
    const { image, ...texts } = batch.arrays;
    const { image: whole, ...expectedTexts } = expected[i]!.arrays;
    expect(texts).toEqual(expectedTexts);
    expect(batch.known).toEqual(batch.studies.map((study) => (isKnown(study) ? feature : undefined)));
    const read = [...batch.studies.keys()].filter((row) => !isKnown(batch.studies[row]!));
    expect(image.shape).toEqual([read.length, 1, 32, 32]);
    read.forEach((row, at) => expect(image.data.slice(at * pixels, (at + 1) * pixels)).toEqual(whole.data.slice(row * pixels, (row + 1) * pixels)));
  });
  const none = await batches(() => Promise.resolve(feature));
  expect(none.map(({ arrays }) => arrays.image.shape[0])).toEqual([0, 0, 0, 0]);
});
