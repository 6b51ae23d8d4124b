import { join } from 'node:path';
import type { LoadedBatch, Loader } from '@hybridmed/data';
import { createLoader, openDataSet, padRows, writePhantoms } from '@hybridmed/data';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { temporaryFolder, tokenizer } from './support.ts';

const { folder, remove } = temporaryFolder();
afterAll(remove);
let studies: Parameters<typeof createLoader>[0]['studies'];
beforeAll(async () => {
  await writePhantoms(join(folder, 'set'), { studies: 30, size: 50 });
  ({ studies } = await openDataSet(`phantom:${join(folder, 'set')}`));
});

const make = (options: Partial<Parameters<typeof createLoader>[0]> = {}): Loader =>
  createLoader({ studies, tokenizer, image: { resize: 40, crop: 32, channels: 1 }, batchSize: 8, train: true, seed: 3, workers: 0, ...options });

async function all(loader: Loader, options?: { epoch?: number; startStep?: number }): Promise<LoadedBatch[]> {
  const batches: LoadedBatch[] = [];
  for await (const batch of loader.batches(options)) batches.push(batch);
  await loader.close();
  return batches;
}

/** Sum of a part of an array. */
function total(data: ArrayLike<number>, from: number, to: number): number {
  let sum = 0;
  for (let i = from; i < to; i++) sum += data[i]!;
  return sum;
}

describe('batches', () => {
  test('do not depend on the number of workers', async () => {
    const expected = await all(make());
    expect(expected).toHaveLength(3);
    for (const workers of [1, 2]) expect(await all(make({ workers }))).toEqual(expected);
  });

  test('differ between epochs and seeds, and an epoch may be entered in its middle', async () => {
    const first = await all(make(), { epoch: 1 });
    expect(await all(make(), { epoch: 1, startStep: 2 })).toEqual(first.slice(2));
    expect((await all(make(), { epoch: 2 }))[0]!.studies).not.toEqual(first[0]!.studies);
    expect((await all(make({ seed: 4 }), { epoch: 1 }))[0]!.studies).not.toEqual(first[0]!.studies);
    const seen = first.flatMap((batch) => batch.studies);
    expect(new Set(seen).size).toBe(seen.length);
  });

  test('in evaluation are whole, in order, and cropped in the centre', async () => {
    const batches = await all(make({ train: false }));
    expect(batches.flatMap((batch) => batch.studies)).toEqual(studies.map((_, i) => i));
    expect(batches.at(-1)!.arrays.image!.shape).toEqual([6, 1, 32, 32]);
    expect(await all(make({ train: false, seed: 9 }))).toEqual(batches);
  });

  test('images are in [-1, 1], channels repeat, texts are padded to the longest', async () => {
    const [batch] = await all(make({ image: { resize: 40, crop: 32, channels: 3 } }));
    const { image, findings, findings_mask: mask, input, target, target_mask: targetMask } = batch!.arrays;
    expect(image!.shape).toEqual([8, 3, 32, 32]);
    expect([...image!.data].every((value) => value >= -1 && value <= 1)).toBe(true);
    expect(image!.data.slice(0, 1024)).toEqual(image!.data.slice(1024, 2048));
    const lengths = Array.from({ length: 8 }, (_, row) => total(mask!.data, row * findings!.shape[1]!, (row + 1) * findings!.shape[1]!));
    expect(Math.max(...lengths)).toBe(findings!.shape[1]);
    expect(input!.shape).toEqual(target!.shape);
    const width = target!.shape[1]!;
    for (let row = 0; row < 8; row++) {
      const length = total(targetMask!.data, row * width, (row + 1) * width);
      expect(input!.data[row * width]).toBe(2);
      expect(target!.data[row * width + length - 1]).toBe(3);
      expect(input!.data.slice(row * width + 1, row * width + length)).toEqual(target!.data.slice(row * width, row * width + length - 1));
    }
  });

  test('texts alone come without images', () => {
    const loader = make();
    const batches = [...loader.texts(16)];
    expect(batches.map((batch) => batch.studies.length)).toEqual([16, 14]);
    expect(batches[0]!.arrays.image).toBeUndefined();
  });

  test('a file that cannot be read ends the epoch with its name', async () => {
    const broken = [{ ...studies[0]!, image: join(folder, 'gone.png') }, ...studies.slice(1)];
    for (const workers of [0, 1]) {
      const loader = make({ studies: broken, train: false, workers });
      await expect(loader.batches().next()).rejects.toThrow('gone.png');
      await loader.close();
    }
  });
});

test('padRows: ids and mask, rows of nothing included', () => {
  const { ids, mask } = padRows([[1, 2, 3], [], [4]], 9);
  expect([...ids.data]).toEqual([1, 2, 3, 9, 9, 9, 4, 9, 9]);
  expect([...mask.data]).toEqual([1, 1, 1, 0, 0, 0, 1, 0, 0]);
  expect(padRows([], 0).ids.shape).toEqual([0, 0]);
});
