// Convolutions that models meet, and awkward ones.
import type { KernelCase } from '../kernel.ts';
import { finished, gradient, kinds, make, tolerance } from './case.ts';
import type { Four } from './case.ts';
import { groupedCases } from './grouped-cases.ts';
import type { ConvolutionProblem } from './problem.ts';

const epilogues: readonly KernelCase<ConvolutionProblem>[] = [
  finished('3x3', make('output', [2, 3, 7, 9], [4, 3, 3, 3], [1, 1], [1, 1]), { own: true }),
  finished('3x3 in quads', make('output', [2, 8, 9, 12], [20, 8, 3, 3], [1, 1], [1, 1])),
  finished('3x3 in slices', make('output', [1, 64, 5, 5], [7, 64, 3, 3], [2, 2], [1, 1])),
  finished(
    '3x3 of operands that may be rounded',
    { ...make('output', [1, 64, 5, 5], [7, 64, 3, 3], [1, 1], [1, 1]), half: true },
    { tolerance: 1e-3, own: true },
  ),
  finished('patches', make('output', [2, 3, 8, 12], [20, 3, 4, 4], [4, 4], [0, 0]), { own: true }),
  finished('no images', make('output', [0, 3, 7, 9], [4, 3, 3, 3], [1, 1], [1, 1])),
];

/** A shape as models have it: too large for tests. */
const ofModel = (
  name: string,
  of: ConvolutionProblem['of'],
  x: Four,
  weight: Four,
  stride: readonly [number, number] = [1, 1],
  padding: readonly [number, number] = [0, 0],
): KernelCase<ConvolutionProblem> => ({ name: `${name}${gradient[of]}`, problem: make(of, x, weight, stride, padding), tolerance: 1e-5, large: true });

/** Operands that may be rounded to f16. */
const rounded = (name: string, problem: ConvolutionProblem): KernelCase<ConvolutionProblem> => ({
  name,
  problem: { ...problem, half: true },
  tolerance: 1e-3,
  own: true,
});

/** Each shape in all three directions. */
const directions: readonly KernelCase<ConvolutionProblem>[] = kinds.flatMap((of) => [
  { name: `3x3, ${of}`, problem: make(of, [2, 3, 7, 9], [4, 3, 3, 3], [1, 1], [1, 1]), tolerance },
  { name: `7x7, stride 2, ${of}`, problem: make(of, [1, 1, 19, 17], [5, 1, 7, 7], [2, 2], [3, 3]), tolerance },
  { name: `patches, ${of}`, problem: make(of, [2, 1, 16, 16], [6, 1, 8, 8], [8, 8], [0, 0]), tolerance },
  { name: `unequal patches of three channels, ${of}`, problem: make(of, [3, 3, 6, 20], [5, 3, 3, 4], [3, 4], [0, 0]), tolerance },
  { name: `3x3, channels and lines in quads, ${of}`, problem: make(of, [2, 8, 9, 12], [20, 8, 3, 3], [1, 1], [1, 1]), tolerance },
  { name: `3x3, stride 2, odd image, ${of}`, problem: make(of, [3, 5, 13, 9], [18, 5, 3, 3], [2, 2], [1, 1]), tolerance },
  { name: `1x1, stride 2, ${of}`, problem: make(of, [2, 4, 7, 8], [6, 4, 1, 1], [2, 2], [0, 0]), tolerance },
  { name: `1x1, ${of}`, problem: make(of, [2, 5, 3, 4], [6, 5, 1, 1], [1, 1], [0, 0]), tolerance },
  { name: `unequal steps, ${of}`, problem: make(of, [1, 2, 6, 11], [3, 2, 2, 3], [1, 3], [0, 2]), tolerance },
  { name: `kernel larger than the image, ${of}`, problem: make(of, [2, 2, 2, 3], [3, 2, 5, 5], [3, 2], [2, 3]), tolerance },
  { name: `steps beyond the kernel, ${of}`, problem: make(of, [1, 2, 9, 10], [2, 2, 1, 2], [3, 4], [1, 0]), tolerance },
  rounded(`3x3, operands that may be rounded, ${of}`, make(of, [2, 5, 9, 12], [20, 5, 3, 3], [1, 1], [1, 1])),
  rounded(`patches of operands that may be rounded, ${of}`, make(of, [2, 3, 8, 12], [20, 3, 4, 4], [4, 4], [0, 0])),
  { name: `no images, ${of}`, problem: make(of, [0, 1, 8, 8], [2, 1, 3, 3], [1, 1], [1, 1]), tolerance },
  ofModel('ViT-B/16 patch embedding, batch 4', of, [4, 3, 224, 224], [768, 3, 16, 16], [16, 16]),
  ofModel('ViT-S/16 patch embedding, batch 4', of, [4, 1, 224, 224], [384, 1, 16, 16], [16, 16]),
  ofModel('ResNet-50 3x3, 64 channels, batch 1', of, [1, 64, 56, 56], [64, 64, 3, 3], [1, 1], [1, 1]),
  ofModel('ResNet-50 3x3, stride 2, 128 channels, batch 1', of, [1, 128, 56, 56], [128, 128, 3, 3], [2, 2], [1, 1]),
  ofModel('ResNet-50 3x3, 512 channels, batch 1', of, [1, 512, 7, 7], [512, 512, 3, 3], [1, 1], [1, 1]),
  ofModel('ResNet-50 1x1, stride 2, batch 1', of, [1, 256, 56, 56], [512, 256, 1, 1], [2, 2]),
  ofModel('ResNet-50 stem, batch 1', of, [1, 3, 224, 224], [64, 3, 7, 7], [2, 2], [3, 3]),
]);

/** Cases. */
export const cases: readonly KernelCase<ConvolutionProblem>[] = [...directions, ...epilogues, ...groupedCases];
