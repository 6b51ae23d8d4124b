// Batch norms that models meet, and awkward ones.
import type { ArraySpec, KernelCase, Numbers } from '../kernel.ts';
import type { BatchNormProblem } from './problem.ts';

const epsilon = 1e-5;
const noise = (length: number, seed: number) => Float32Array.from({ length }, (_, i) => (Math.sin((i + 1) * 12.9898 + seed * 78.233) * 43758.5453) % 1);

/** Variances are positive; the rest is the harness's. */
const positive =
  (of: BatchNormProblem['of']) =>
  ({ name, length }: ArraySpec): Numbers | undefined =>
    of === 'gradient' && name === 'variance' ? noise(length, 3).map((value) => 0.5 + Math.abs(value)) : undefined;

/** x far from zero: squares of it, subtracted, would leave no digit of the variance. */
const far = ({ name, length }: ArraySpec): Numbers | undefined => (name === 'x' ? noise(length, 0).map((value) => 1000 + value) : undefined);

/** Cases: both passes of each shape. */
export const cases: readonly KernelCase<BatchNormProblem>[] = (['forward', 'gradient'] as const).flatMap((of) => {
  const one = (name: string, batch: number, channels: number, places: number, tolerance: number, large = false): KernelCase<BatchNormProblem> => ({
    name: large ? name : `${name}, ${of}`,
    problem: { of, batch, channels, places, epsilon },
    tolerance,
    input: positive(of),
    ...(large ? { large } : {}),
  });
  return [
    one('3 images, 5 channels, 7 places', 3, 5, 7, 3e-6),
    one('2 images, 3 channels, 64 places', 2, 3, 64, 3e-6),
    one('slices of images, odd', 130, 2, 65, 5e-6),
    one('parts of an image', 2, 2, 8200, 5e-6),
    one('one place', 9, 4, 1, 5e-6),
    ...(of === 'forward' ? [{ ...one('far from zero', 70, 1, 130, 5e-6), input: far }] : [one('no images', 0, 4, 9, 0)]),
    one('ResNet-50 stem, 4x64x112x112', 4, 64, 112 * 112, 1e-5, true),
    one('ResNet-50, 4x256x56x56', 4, 256, 56 * 56, 1e-5, true),
    one('ResNet-50, 4x2048x7x7', 4, 2048, 49, 1e-5, true),
  ];
});
