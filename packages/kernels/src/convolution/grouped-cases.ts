// Grouped and depthwise convolutions that models meet, and awkward ones.
import type { KernelCase } from '../kernel.ts';
import { finished, gradient, kinds, make, tolerance } from './case.ts';
import type { ConvolutionProblem } from './problem.ts';

/** Cases: each shape in all three directions, and what leaves with an output. */
export const groupedCases: readonly KernelCase<ConvolutionProblem>[] = [
  ...kinds.flatMap((of): KernelCase<ConvolutionProblem>[] => [
    { name: `depthwise 3x3, ${of}`, problem: make(of, [2, 5, 9, 10], [5, 1, 3, 3], [1, 1], [1, 1], { groups: 5 }), tolerance },
    {
      name: `depthwise 5x5, steps of 2, more zeros below, ${of}`,
      problem: make(of, [2, 3, 12, 14], [3, 1, 5, 5], [2, 2], [1, 1], { groups: 3, more: [1, 1] }),
      tolerance,
    },
    { name: `depthwise 7x7 of a small image, ${of}`, problem: make(of, [1, 2, 4, 3], [2, 1, 7, 7], [1, 1], [3, 3], { groups: 2 }), tolerance },
    { name: `depthwise, unequal, ${of}`, problem: make(of, [1, 4, 6, 11], [4, 1, 2, 3], [1, 3], [0, 2], { groups: 4, more: [1, 0] }), tolerance },
    { name: `depthwise 3x3 of long lines, ${of}`, problem: make(of, [3, 2, 70, 41], [2, 1, 3, 3], [1, 1], [1, 1], { groups: 2 }), tolerance: 1e-5 },
    { name: `depthwise with two outputs a channel, ${of}`, problem: make(of, [2, 3, 7, 6], [6, 1, 3, 3], [1, 1], [1, 1], { groups: 3 }), tolerance },
    { name: `three groups, ${of}`, problem: make(of, [2, 6, 7, 8], [9, 2, 3, 3], [2, 1], [1, 1], { groups: 3 }), tolerance },
    { name: `depthwise, no images, ${of}`, problem: make(of, [0, 3, 8, 8], [3, 1, 3, 3], [1, 1], [1, 1], { groups: 3 }), tolerance },
    ...(
      [
        ['EfficientNet-B0 depthwise 3x3, 32 channels, batch 4', [4, 32, 112, 112], [32, 1, 3, 3], 1, 1, 0],
        ['EfficientNet-B0 depthwise 3x3, steps of 2, 96 channels, batch 4', [4, 96, 112, 112], [96, 1, 3, 3], 2, 0, 1],
        ['EfficientNet-B0 depthwise 5x5, 480 channels, batch 4', [4, 480, 14, 14], [480, 1, 5, 5], 1, 2, 0],
        ['ConvNeXt-T depthwise 7x7, 96 channels, batch 4', [4, 96, 56, 56], [96, 1, 7, 7], 1, 3, 0],
      ] as const
    ).map(([name, x, weight, step, padding, more]) => ({
      name: `${name}${gradient[of]}`,
      problem: make(of, x, weight, [step, step], [padding, padding], { groups: x[1], more: [more, more] }),
      tolerance: 1e-5,
      large: true,
    })),
  ]),
  finished('depthwise 3x3', make('output', [2, 4, 7, 9], [4, 1, 3, 3], [1, 1], [1, 1], { groups: 4 })),
  finished('two groups', make('output', [2, 4, 7, 9], [6, 2, 3, 3], [1, 1], [1, 1], { groups: 2 }), { own: true }),
];
