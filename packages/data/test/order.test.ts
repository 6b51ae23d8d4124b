// Orders of an epoch over simulated ranks: what every pass of every step holds is the same for any number of them.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { OrderOptions, Sampling } from '../src/loader/order.ts';
import { trainingOrder } from '../src/loader/order.ts';
import type { Study } from '../src/study.ts';

/** Studies in shards of the given sizes. */
function inShards(sizes: readonly number[]): Study[] {
  return sizes.flatMap((size, shard) =>
    Array.from({ length: size }, (_, i) => ({
      id: `${shard}-${i}`,
      image: `/set/train-${String(shard).padStart(6, '0')}.tar#bytes=${i * 1000 + 512}-${i * 1000 + 911}`,
      findings: 'x'.repeat((i * 7) % 50),
      impression: '',
      split: 'train',
    })),
  ) as unknown as Study[];
}

/** The studies of every pass of every step of an epoch, put together from all ranks. */
function passesOf(options: Omit<OrderOptions, 'rank'>, epoch: number): { steps: number; passes: number[][][] } {
  const { ranks, passSize } = options;
  const orders = Array.from({ length: ranks }, (_, rank) => trainingOrder({ ...options, rank }));
  const steps = new Set(orders.map(({ stepsPerEpoch }) => stepsPerEpoch));
  expect(steps.size).toBe(1);
  const own = orders.map((order) => order.epoch(epoch));
  const passes = Array.from({ length: orders[0]!.stepsPerEpoch }, (_, step) => {
    const ofStep: number[][] = [];
    own.forEach((numbers, rank) => {
      const lanes = Array.from({ length: options.passes / ranks }, (_lane, i) => rank + i * ranks);
      lanes.forEach((lane, i) => (ofStep[lane] = [...numbers.subarray((step * lanes.length + i) * passSize, (step * lanes.length + i + 1) * passSize)]));
    });
    return ofStep;
  });
  return { steps: [...steps][0]!, passes };
}

const samplings: readonly Sampling[] = [{ by: 'shard' }, { by: 'shard', buffer: 5 }, { by: 'shuffle' }, { by: 'length' }];
const table = [
  [12, [1, 2, 3, 4, 6, 12]],
  [7, [1, 7]],
  [256, [1, 64, 256]],
] as const;

describe.each([3, 227])('%i shards', (count) => {
  const studies = inShards(Array.from({ length: count }, (_, i) => (count === 3 ? 700 : 13 + (i % 4))));

  test.each(table)('%i passes: the same for every number of ranks that divides them', (passes, ranks) => {
    for (const sampling of samplings) {
      const options = { studies, sampling, passes, passSize: 2, seed: 5 };
      const expected = [0, 1].map((epoch) => passesOf({ ...options, ranks: 1 }, epoch));
      for (const size of ranks) expect(JSON.stringify(passesOf({ ...options, ranks: size }, 1))).toBe(JSON.stringify(expected[1]));
      for (const { steps, passes: all } of expected) {
        expect(steps).toBe(Math.floor(studies.length / (passes * 2)));
        const flat = all.flat(2);
        expect(new Set(flat).size).toBe(flat.length);
        expect(studies.length - flat.length).toBeLessThan(passes * 2);
      }
      expect(expected[0]!.passes).not.toEqual(expected[1]!.passes);
    }
  });

  test('other studies are left out in each epoch: none for good', () => {
    const order = trainingOrder({ studies, sampling: { by: 'shard', buffer: 1000 }, passes: 12, passSize: 16, seed: 1, rank: 0, ranks: 1 });
    const leftOut = (epoch: number): Set<number> => {
      const all = new Set(studies.keys());
      for (const study of order.epoch(epoch)) all.delete(study);
      return all;
    };
    const epochs = Array.from({ length: 20 }, (_, epoch) => leftOut(epoch));
    expect(epochs[0]!.size).toBe(studies.length % (12 * 16));
    const always = [...epochs[0]!].filter((study) => epochs.every((missing) => missing.has(study)));
    expect(always).toEqual([]);
  });
});

test('for any shards, passes and ranks: every lane is of one rank, no study twice, fewer than one step left out, at least one step', () => {
  const divisors = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1).filter((i) => n % i === 0);
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 30 }),
      fc.integer({ min: 1, max: 24 }),
      fc.integer({ min: 1, max: 5 }),
      fc.nat(),
      fc.constantFrom(...samplings),
      fc.nat(1000),
      (sizes, passes, passSize, pick, sampling, seed) => {
        const studies = inShards(sizes);
        const options = { studies, sampling, passes, passSize, seed };
        if (studies.length < passes * passSize) {
          expect(() => trainingOrder({ ...options, rank: 0, ranks: 1 })).toThrow(`${studies.length} studies are fewer than one step of ${passes * passSize}`);
          return;
        }
        const ranks = divisors(passes)[pick % divisors(passes).length]!;
        const { steps, passes: all } = passesOf({ ...options, ranks }, 3);
        expect(passesOf({ ...options, ranks: 1 }, 3).passes).toEqual(all);
        expect(steps).toBeGreaterThan(0);
        const flat = all.flat(2);
        expect(flat).toHaveLength(steps * passes * passSize);
        expect(new Set(flat).size).toBe(flat.length);
        expect(flat.every((study) => study >= 0 && study < studies.length)).toBe(true);
        expect(studies.length - flat.length).toBeLessThan(passes * passSize);
      },
    ),
    { numRuns: 200 },
  );
});

test('each pass has its own shards in every epoch, whole where they can be', () => {
  const studies = inShards([30, 30, 30, 30]);
  const order = trainingOrder({ studies, sampling: { by: 'shard' }, passes: 4, passSize: 1, seed: 0, rank: 1, ranks: 2 });
  for (const epoch of [0, 1, 2]) {
    const own = order.epoch(epoch);
    expect(new Set([...own].filter((_, i) => i % 2 === 0).map((study) => Math.floor(study / 30)))).toEqual(new Set([1]));
    expect(new Set([...own].filter((_, i) => i % 2 === 1).map((study) => Math.floor(study / 30)))).toEqual(new Set([3]));
  }
});

test('ranks that cannot share the passes are refused', () => {
  const options = { studies: inShards([40]), sampling: { by: 'shuffle' }, passes: 12, passSize: 1, seed: 0 } as const;
  expect(() => trainingOrder({ ...options, rank: 0, ranks: 5 })).toThrow(
    'rank 0 of 5 cannot share the 12 passes of a step evenly; use a number of ranks that divides them',
  );
  expect(() => trainingOrder({ ...options, rank: 0, ranks: 24 })).toThrow('cannot share the 12 passes');
  expect(() => trainingOrder({ ...options, rank: 3, ranks: 3 })).toThrow('rank 3 of 3');
  expect(() => trainingOrder({ ...options, passSize: 0.5, rank: 0, ranks: 3 })).toThrow('a step of 6 studies has no 12 equal passes');
});

test('by weight: the draws of each step without repeat, as often as successive sampling has them, the same for any number of ranks', () => {
  const studies = inShards([4]);
  const weights = [4, 2, 1, 0];
  const options = { studies, sampling: { by: 'weight', weights } as const, passes: 2, passSize: 1, seed: 3 };
  const counts = new Map<string, number>();
  const epochs = 4000;
  for (let epoch = 0; epoch < epochs; epoch++)
    for (const passes of passesOf({ ...options, ranks: 1 }, epoch).passes) counts.set(passes.flat().join(), (counts.get(passes.flat().join()) ?? 0) + 1);
  // P(first, second) = w1 / 7 * w2 / (7 - w1); two steps an epoch.
  const pairs = [0, 1, 2].flatMap((first) => [0, 1, 2].filter((second) => second !== first).map((second) => [first, second] as const));
  for (const [first, second] of pairs) {
    const p = ((weights[first]! / 7) * weights[second]!) / (7 - weights[first]!);
    const deviation = Math.sqrt((p * (1 - p)) / (2 * epochs));
    expect(Math.abs((counts.get(`${first},${second}`) ?? 0) / (2 * epochs) - p), `${first}, ${second}`).toBeLessThan(4 * deviation);
  }
  expect(counts.size).toBe(pairs.length);
  expect(passesOf({ ...options, ranks: 2 }, 7).passes).toEqual(passesOf({ ...options, ranks: 1 }, 7).passes);
  // Weights whose sums are rounded: what is left is found all the same.
  const steep = trainingOrder({ ...options, sampling: { by: 'weight', weights: [1e300, 1e-300, 0, 1] }, passes: 3, rank: 0, ranks: 1 });
  for (let epoch = 0; epoch < 20; epoch++) expect([...steep.epoch(epoch)].toSorted()).toEqual([0, 1, 3]);
});
