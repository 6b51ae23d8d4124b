import { join } from 'node:path';
import type { Loader, StudyBatch } from '@hybridmed/data';
import { createLoader, openDataSet, padRows, UnreadableStudiesError } from '@hybridmed/data';
import { writePhantoms } from '@hybridmed/phantoms';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { temporaryFolder, tokenizer } from './support.ts';

const { folder, remove } = temporaryFolder();
afterAll(remove);
let studies: Parameters<typeof createLoader>[0]['studies'];
beforeAll(async () => {
  await writePhantoms(join(folder, 'set'), { studies: 30, size: 50 });
  ({ studies } = await openDataSet(`phantom:${join(folder, 'set')}`));
});

const tokenizerModule = new URL('support.ts', import.meta.url).href;

const make = (options: Partial<Parameters<typeof createLoader>[0]> = {}): Loader =>
  createLoader({ studies, tokenizer, image: { resize: 40, size: 32, channels: 1 }, batchSize: 8, train: true, seed: 3, workers: 0, ...options });

async function all(loader: Loader, options?: { epoch?: number; startStep?: number }): Promise<StudyBatch[]> {
  const batches: StudyBatch[] = [];
  for await (const batch of loader.batches(options)) batches.push(batch);
  await loader.close();
  return batches;
}

async function twoEpochs(loader: Loader): Promise<StudyBatch[]> {
  const batches: StudyBatch[] = [];
  for (const epoch of [0, 1]) for await (const batch of loader.batches({ epoch })) batches.push(batch);
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
  test('are the same bytes with 0, 1 and 4 workers, from files and from memory, whole epochs and resumed ones', async () => {
    const varied = { augmentation: { rotation: 5, zoom: 0.1, brightness: 0.1, contrast: 0.2, noise: 0.02, cutout: 0.2 } };
    const expected = await twoEpochs(make(varied));
    expect(expected).toHaveLength(6);
    expect(await twoEpochs(make({ ...varied, cacheBytes: 5000 }))).toEqual(expected);
    for (const options of [{ workers: 0 }, { workers: 1, cacheBytes: 0 }, { workers: 4, tokenizerModule }]) {
      const loader = make({ ...varied, ...options });
      const resumed: StudyBatch[] = [];
      for await (const batch of loader.batches({ epoch: 1, startStep: 1 })) resumed.push(batch);
      expect(resumed, `resumed, ${JSON.stringify(options)}`).toEqual(expected.slice(4));
      expect(await twoEpochs(loader), JSON.stringify(options)).toEqual(expected);
    }
  });

  test('memory that is given back is used again, and changes no batch', async () => {
    const expected = await twoEpochs(make());
    for (const workers of [0, 1]) {
      const loader = make({ workers });
      const seen = new Set<ArrayBufferLike>();
      const batches: Record<string, unknown>[] = [];
      for (const epoch of [0, 1, 2, 3, 4]) {
        for await (const batch of loader.batches({ epoch })) {
          if (epoch < 2) batches.push({ ...batch, arrays: structuredClone(batch.arrays) });
          if (workers === 0) seen.add(batch.arrays.image.data.buffer);
          loader.recycle(batch);
        }
      }
      await loader.close();
      expect(batches).toEqual(expected);
      if (workers === 0) expect(seen.size).toBeLessThanOrEqual(2);
    }
  });

  test('differ between epochs and seeds, and an epoch may be entered in its middle', async () => {
    const first = await all(make(), { epoch: 1 });
    expect(await all(make(), { epoch: 1, startStep: 2 })).toEqual(first.slice(2));
    expect((await all(make(), { epoch: 2 }))[0]!.studies).not.toEqual(first[0]!.studies);
    expect((await all(make({ seed: 4 }), { epoch: 1 }))[0]!.studies).not.toEqual(first[0]!.studies);
    const seen = first.flatMap((batch) => batch.studies);
    expect(new Set(seen).size).toBe(seen.length);
  });

  test('in evaluation are dealt to ranks in turn, some of which may have none', async () => {
    const whole = await all(make({ train: false, batchSize: 7 }));
    const dealt = await Promise.all([0, 1, 2].map((rank) => all(make({ train: false, batchSize: 7, rank, ranks: 3 }))));
    expect(dealt.map((batches) => batches.length)).toEqual([2, 2, 1]);
    expect(whole.map((_, i) => dealt[i % 3]![Math.floor(i / 3)])).toEqual(whole);
    expect(await all(make({ train: false, batchSize: 30, rank: 1, ranks: 2 }))).toEqual([]);
  });

  test('in evaluation are whole, in order, and cropped in the centre', async () => {
    const batches = await all(make({ train: false }));
    expect(batches.flatMap((batch) => batch.studies)).toEqual(studies.map((_, i) => i));
    expect(batches.at(-1)!.arrays.image.shape).toEqual([6, 1, 32, 32]);
    expect(await all(make({ train: false, seed: 9 }))).toEqual(batches);
  });

  test('images are in [-1, 1], channels repeat, texts are padded to the longest', async () => {
    const [batch] = await all(make({ image: { resize: 40, size: 32, channels: 3 } }));
    const { image, findings, findings_mask: mask, input, target, target_mask: targetMask } = batch!.arrays;
    expect(image.shape).toEqual([8, 3, 32, 32]);
    expect([...image.data].every((value) => value >= -1 && value <= 1)).toBe(true);
    expect(image.data.slice(0, 1024)).toEqual(image.data.slice(1024, 2048));
    const lengths = Array.from({ length: 8 }, (_, row) => total(mask.data, row * findings.shape[1]!, (row + 1) * findings.shape[1]!));
    expect(Math.max(...lengths)).toBe(findings.shape[1]);
    expect(input.shape).toEqual(target.shape);
    const width = target.shape[1]!;
    for (let row = 0; row < 8; row++) {
      const length = total(targetMask.data, row * width, (row + 1) * width);
      expect(input.data[row * width]).toBe(2);
      expect(target.data[row * width + length - 1]).toBe(3);
      expect(input.data.slice(row * width + 1, row * width + length)).toEqual(target.data.slice(row * width, row * width + length - 1));
    }
  });

  test('texts alone come without images', () => {
    const loader = make();
    const batches = [...loader.texts(16)];
    expect(batches.map((batch) => batch.studies.length)).toEqual([16, 14]);
    expect(batches[0]!.arrays).not.toHaveProperty('image');
  });

  test('a file that cannot be read ends the epoch with its name', async () => {
    const broken = [{ ...studies[0]!, image: join(folder, 'gone.png') }, ...studies.slice(1)];
    for (const workers of [0, 1]) {
      const loader = make({ studies: broken, train: false, workers });
      const error: unknown = await loader
        .batches()
        .next()
        .catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(UnreadableStudiesError);
      expect([...(error as UnreadableStudiesError).reasons]).toEqual([[0, expect.stringContaining('gone.png: does not exist')]]);
      await loader.close();
    }
  });
});

describe('studies in the places of others of their step', () => {
  test('are what is asked for, of those that a rank has', async () => {
    const whole = await all(make());
    const reversed: StudyBatch[] = [];
    const loader = make({ workers: 1, tokenizerModule });
    for await (const batch of loader.batches({ inStep: (step) => step.toReversed() })) reversed.push(batch);
    await loader.close();
    expect(reversed.map((batch) => batch.studies)).toEqual(whole.map((batch) => batch.studies.toReversed()));
    expect(reversed[0]!.arrays.image.data.slice(0, 1024)).toEqual(whole[0]!.arrays.image.data.slice(7 * 1024));
    const parts = [0, 1].map(async (rank) => {
      const { value } = await make({ batchSize: 4, rank, ranks: 2 })
        .batches({ inStep: (step) => step.map(() => step[rank]!) })
        .next();
      return (value as StudyBatch).studies;
    });
    expect(await Promise.all(parts)).toEqual([0, 1].map((rank) => Array.from({ length: 4 }, () => whole[0]!.studies[5 * rank])));
  });

  test('without images are the same studies, and none is read', async () => {
    const broken = studies.map((study, i) => ({ ...study, image: join(folder, `gone-${i}.png`) }));
    const loader = make({ studies: broken });
    const texts = [...loader.textBatches({ epoch: 1, startStep: 1 })];
    await loader.close();
    const whole = await all(make(), { epoch: 1, startStep: 1 });
    expect(texts.map((batch) => batch.studies)).toEqual(whole.map((batch) => batch.studies));
    expect(texts[0]!.arrays.findings).toEqual(whole[0]!.arrays.findings);
    expect(texts[0]!.arrays).not.toHaveProperty('image');
  });
});

describe('orders of an epoch', () => {
  const order = async (options: Partial<Parameters<typeof createLoader>[0]>, epoch = 0) => {
    const loader = make({ image: { resize: 4, size: 4, channels: 1 }, ...options });
    const batches = await all(loader, { epoch });
    return batches.map((batch) => [...batch.studies]);
  };

  test('by weight: in proportion, no study twice in a step, never what has none', async () => {
    const weights = studies.map((_, i) => (i === 3 ? 10 : i < 10 ? 1 : 0));
    const steps = (await Promise.all(Array.from({ length: 20 }, (_, epoch) => order({ batchSize: 2, sampling: { by: 'weight', weights } }, epoch)))).flat();
    for (const own of steps) expect(new Set(own).size).toBe(own.length);
    const drawn = steps.flat();
    const first = steps.map(([study]) => study);
    expect(Math.max(...drawn)).toBeLessThan(10);
    const rate = first.filter((study) => study === 3).length / first.length;
    expect(rate).toBeGreaterThan(0.4);
    expect(rate).toBeLessThan(0.65);
    expect(await order({ sampling: { by: 'weight', weights } }, 5)).toEqual(await order({ sampling: { by: 'weight', weights } }, 5));
    expect(() => make({ sampling: { by: 'weight', weights: [1] } })).toThrow('1 weights for 30 studies');
    expect(() => make({ sampling: { by: 'weight', weights: studies.map(() => 0) } })).toThrow(/^0 weights are above 0, fewer than the \d+ studies of a step/);
    expect(() => make({ sampling: { by: 'weight', weights: studies.map(() => -1) } })).toThrow('weight 0 is -1');
  });

  test('by length: every study at most once, batches of texts of like length, less padding', async () => {
    const length = (i: number) => studies[i]!.findings.length + studies[i]!.impression.length;
    const spread = (batches: number[][]) => batches.reduce((sum, batch) => sum + Math.max(...batch.map(length)) - Math.min(...batch.map(length)), 0);
    const [plain, sorted] = [await order({ batchSize: 5 }, 1), await order({ batchSize: 5, sampling: { by: 'length' } }, 1)];
    expect(new Set(sorted.flat()).size).toBe(30);
    expect(spread(sorted)).toBeLessThan(spread(plain) / 2);
    expect(await order({ batchSize: 5, sampling: { by: 'length' } }, 2)).not.toEqual(sorted);
    expect(sorted.map((batch) => Math.max(...batch.map(length)))).not.toEqual(sorted.map((batch) => Math.max(...batch.map(length))).toSorted((a, b) => a - b));
  });

  test('by shard needs shards', () => {
    expect(() => make({ sampling: { by: 'shard' } })).toThrow('is in no shard');
  });

  test('ranks share every step as one process with a batch as large would see it', async () => {
    for (const sampling of [{ by: 'shuffle' }, { by: 'length' }] as const) {
      const whole = await order({ batchSize: 8, sampling }, 3);
      const [first, second] = [await order({ batchSize: 4, sampling, rank: 0, ranks: 2 }, 3), await order({ batchSize: 4, sampling, rank: 1, ranks: 2 }, 3)];
      expect(first.map((batch, step) => [...batch, ...second[step]!])).toEqual(whole);
    }
  });
});

describe('augmentations', () => {
  const first = async (options: Partial<Parameters<typeof createLoader>[0]>) =>
    (await all(make({ batchSize: 1, image: { resize: 40, size: 40, channels: 2 }, ...options })))[0]!;

  test.each([[{ rotation: 10 }], [{ zoom: 0.3 }], [{ brightness: 0.3 }], [{ contrast: 0.5 }], [{ noise: 0.1 }], [{ cutout: 0.5 }]])(
    '%j changes the image, within [-1, 1], alike in all channels; not in evaluation',
    async (augmentation) => {
      const [plain, varied] = [(await first({})).arrays.image.data, (await first({ augmentation })).arrays.image.data];
      expect(varied).not.toEqual(plain);
      expect([...varied].every((value) => value >= -1 && value <= 1)).toBe(true);
      expect(varied.slice(0, 1600)).toEqual(varied.slice(1600));
      // Left stays left: the image is like itself, and less like its mirror image.
      const mirrored = plain.map((_, i) => plain[i - (i % 40) + 39 - (i % 40)]!);
      const distance = (other: ArrayLike<number>) => [...varied].reduce((sum, value, i) => sum + (value - other[i]!) ** 2, 0);
      expect(distance(plain)).toBeLessThan(distance(mirrored));
      expect(await first({ train: false, augmentation })).toEqual(await first({ train: false }));
    },
  );

  test('cut-out blacks out a square of the fraction asked for', async () => {
    const [plain, varied] = [(await first({})).arrays.image.data, (await first({ augmentation: { cutout: 0.5 } })).arrays.image.data];
    const changed = Array.from({ length: 1600 }, (_, i) => i).filter((i) => plain[i] !== varied[i]);
    const rows = changed.map((i) => Math.floor(i / 40));
    expect(Math.max(...rows) - Math.min(...rows)).toBeLessThan(20);
    expect(changed.every((i) => varied[i] === -1)).toBe(true);
    expect(varied.slice(0, 1600).filter((value) => value === -1).length).toBeGreaterThanOrEqual(400);
  });

  test('amounts out of range are refused', () => {
    expect(() => make({ augmentation: { rotation: 90 } })).toThrow('augmentation rotation is 90; give 0 to 30');
    expect(() => make({ augmentation: { noise: Number.NaN } })).toThrow('augmentation noise is NaN');
  });
});

test('padRows: ids and mask, rows of nothing included', () => {
  const { ids, mask } = padRows([[1, 2, 3], [], [4]], 9);
  expect([...ids.data]).toEqual([1, 2, 3, 9, 9, 9, 4, 9, 9]);
  expect([...mask.data]).toEqual([1, 1, 1, 0, 0, 0, 1, 0, 0]);
  expect(padRows([], 0).ids.shape).toEqual([0, 0]);
});
