import { pairedTest } from '@hybridmed/eval/protocols';
import { expect, test } from 'vitest';
import { numbers } from './shared.ts';

test('all exchanges of a few studies are counted, as by hand', () => {
  // Differences 1, 2, 3: of the 8 sums of +-1 +-2 +-3, only 6 and -6 are as far from 0 as 6.
  const [a, b] = [
    [2, 4, 6],
    [1, 2, 3],
  ];
  expect(pairedTest(a!, b!)).toMatchObject({ studies: 3, p: 2 / 8, permutations: 8, difference: { value: 2 } });
  expect(pairedTest(a!, b!, { alternative: 'greater' }).p).toBe(1 / 8);
  expect(pairedTest(a!, b!, { alternative: 'less' }).p).toBe(1);
  // Differences of 0 exchange into themselves.
  expect(pairedTest([1, 1], [1, 1]).p).toBe(1);
});

test('drawn exchanges agree with all of them, and the same seed draws the same', () => {
  const next = numbers(3);
  const a = Array.from({ length: 12 }, next);
  const b = a.map((value) => value + 0.3 * (next() - 0.35));
  const exact = pairedTest(a, b);
  expect(exact.permutations).toBe(4096);
  const drawn = pairedTest(a, b, { permutations: 4000 });
  expect(drawn.permutations).toBe(4000);
  expect(Math.abs(drawn.p - exact.p)).toBeLessThan(0.02);
  expect(pairedTest(a, b, { permutations: 4000 })).toEqual(drawn);
  expect(pairedTest(a, b, { permutations: 4000, seed: 1 }).p).not.toBe(drawn.p);
});

test('of systems that do not differ, small p are as rare as they say; of those that do, they are the rule', () => {
  const next = numbers(9);
  const trial = (shift: number) => {
    const a = Array.from({ length: 40 }, next);
    return pairedTest(
      a,
      a.map((value) => value + next() - 0.5 + shift),
      { permutations: 200, samples: 20 },
    ).p;
  };
  const under = (shift: number) => Array.from({ length: 100 }, () => trial(shift)).filter((p) => p <= 0.1).length;
  expect(under(0)).toBeLessThan(22);
  expect(under(0.3)).toBeGreaterThan(95);
});

test('a drawn p is never 0, and rounding does not make a sum less extreme than itself', () => {
  const a = Array.from({ length: 40 }, (_, i) => i * 0.1 + 5);
  const { p, permutations } = pairedTest(
    a,
    a.map((value) => value - 0.1),
    { permutations: 99 },
  );
  expect(p).toBe(1 / (permutations + 1));
  // 0.1 + 0.2 + 0.3 in another order is another double.
  expect(pairedTest([0.1, 0.2, 0.3], [0, 0, 0], { alternative: 'greater' }).p).toBe(1 / 8);
});

test('what does not pair is refused', () => {
  expect(() => pairedTest([1], [1, 2])).toThrow('pairedTest: 1 values of the first system but 2 of the second; give one for each');
  expect(() => pairedTest([Infinity], [1])).toThrow('pairedTest: a value is Infinity; give finite numbers');
  expect(() => pairedTest([1], [1], { permutations: 0.5 })).toThrow('pairedTest: permutations is 0.5; give a whole number from 1');
});
