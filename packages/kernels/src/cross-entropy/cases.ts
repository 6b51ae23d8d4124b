// Losses that models meet, and awkward ones: small cases have two targets outside the vocabulary, of which other engines make other things.
import type { ArraySpec, KernelCase, Numbers } from '../kernel.ts';
import type { CrossEntropyProblem } from './problem.ts';

const targets =
  (width: number, inside = false) =>
  ({ name, length }: ArraySpec): Numbers | undefined => {
    if (name === 'targets') return Int32Array.from({ length }, (_, i) => (inside ? (i * 31) % width : i === 3 ? -100 : i === 4 ? width : (i * 31) % width));
    return name === 'logSumExp' ? new Float32Array(length).fill(Math.log(width) + 1) : undefined;
  };

/** Cases: both passes of each shape. */
export const cases: readonly KernelCase<CrossEntropyProblem>[] = (['forward', 'gradient'] as const).flatMap((of) => [
  { name: `5x7, ${of}`, problem: { of, rows: 5, width: 7 }, tolerance: 1e-6, input: targets(7) },
  { name: `3x301, ${of}`, problem: { of, rows: 3, width: 301 }, tolerance: 2e-6, input: targets(301) },
  { name: `no rows, ${of}`, problem: { of, rows: 0, width: 7 }, tolerance: 0, input: targets(7) },
  { name: 'decoder, 752x4096', problem: { of, rows: 16 * 47, width: 4096 }, tolerance: 2e-6, input: targets(4096, true), large: true },
  { name: 'decoder, 384x30522', problem: { of, rows: 8 * 48, width: 30522 }, tolerance: 2e-6, input: targets(30522, true), large: true },
]);
