import { expect, test } from 'vitest';

// The steps of the shaders' `quotient` in packages/kernels/src/map/functions.ts, number by number as a device with 32-bit floats takes them.
const { fround } = Math;
function quotient(i: number, n: number, ulps = 0): number {
  const q = Math.trunc(fround(fround(i) * fround(fround(1 / n) * (1 + ulps * 2 ** -23))));
  const rest = (i - Math.imul(q, n)) | 0;
  return rest < 0 ? q - 1 : rest >= n ? q + 1 : q;
}

test('the quotient by multiplication is exact for up to 2^22 items, division being off by two units in the last place too', () => {
  const most = 2 ** 22;
  const sizes = [1, 2, 3, 5, 7, 63, 64, 65, 127, 197, 768, 1023, 4095, 30_522, 65_537, 2 ** 20 + 1, most];
  const places = (n: number) => [
    0,
    1,
    2,
    n - 1,
    n,
    n + 1,
    ...[10, 100, 2 ** 12, 2 ** 20, 2 ** 24].flatMap((k) => [k * n - 1, k * n, k * n + 1]),
    2 ** 24,
    2 ** 28 - 1,
    2 ** 30 - 1,
  ];
  let [state, checked] = [1, 0];
  for (const n of sizes) {
    const random = Array.from({ length: 500 }, () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) >>> 10);
    for (const i of [...places(n), ...random].filter((place) => place >= 0 && place < most))
      for (const ulps of [-2, 0, 2]) {
        expect(quotient(i, n, ulps), `${i} / ${n}`).toBe(Math.floor(i / n));
        checked++;
      }
  }
  expect(checked).toBeGreaterThan(20_000);
});
