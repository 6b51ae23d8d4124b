// The output of a convolution and its input's gradient as correlations: images, taps, steps between places, and where results go.
// A gradient behind steps falls into phases, one for each place within a step, that meet different taps: each is a correlation of its own.
import { range } from '../shader.ts';
import type { ConvolutionProblem } from './problem.ts';

/** One correlation: each result sums taps over the channels of a image; taps outside it meet zeros. */
export interface Correlation {
  readonly images: number;
  /** Channels summed, and their size. */
  readonly channels: number;
  readonly size: readonly [number, number];
  /** Channels of the result, and their places. */
  readonly outputs: number;
  readonly places: readonly [number, number];
  readonly taps: readonly [number, number];
  readonly stride: readonly [number, number];
  /** May be negative: then the first tap of the first place lies inside the image. */
  readonly padding: readonly [number, number];
  /** Where results lie: the first, and the steps from row to row and from column to column; the step from channel to channel is `area`. */
  readonly first: number;
  readonly step: readonly [number, number];
  readonly area: number;
  /** Where the kernel's elements lie: the first, and the steps between outputs, channels, and taps (down, across). */
  readonly kernel: { readonly first: number; readonly strides: readonly [output: number, channel: number, down: number, across: number] };
}

/** Phases that a gradient may fall into. */
const maxPhases = 16;

/** One phase of an axis: the kernel's elements it meets, from the last one down in steps, and its places. */
function phaseOf(phase: number, size: number, kernel: number, stride: number, padding: number) {
  const firstElement = (phase + padding) % stride;
  const taps = Math.max(0, Math.ceil((kernel - firstElement) / stride));
  return {
    places: Math.ceil((size - phase) / stride),
    taps,
    lastElement: firstElement + (taps - 1) * stride,
    padding: taps - 1 - Math.floor((phase + padding) / stride),
  };
}

/** The correlations that make up the result, or undefined where they are too many or the weight's gradient is asked for. */
export function correlationsOf({ of, x, weight, y, stride, padding }: ConvolutionProblem): readonly Correlation[] | undefined {
  const [O, C, kh, kw] = weight;
  if (of === 'output')
    return [
      {
        images: x[0],
        channels: C,
        size: [x[2], x[3]],
        outputs: O,
        places: [y[2], y[3]],
        taps: [kh, kw],
        stride,
        padding,
        first: 0,
        step: [y[3], 1],
        area: y[2] * y[3],
        kernel: { first: 0, strides: [C * kh * kw, kh * kw, kw, 1] },
      },
    ];
  const [phasesDown, phasesAcross] = [Math.min(stride[0], x[2]), Math.min(stride[1], x[3])];
  if (of === 'weight' || phasesDown * phasesAcross > maxPhases) return undefined;
  return range(phasesDown).flatMap((a) =>
    range(phasesAcross).map((b): Correlation => {
      const down = phaseOf(a, x[2], kh, stride[0], padding[0]);
      const across = phaseOf(b, x[3], kw, stride[1], padding[1]);
      const none = down.taps * across.taps === 0;
      return {
        images: x[0],
        channels: O,
        size: [y[2], y[3]],
        outputs: C,
        places: [down.places, across.places],
        taps: none ? [0, 0] : [down.taps, across.taps],
        stride: [1, 1],
        padding: [down.padding, across.padding],
        first: a * x[3] + b,
        step: [stride[0] * x[3], stride[1]],
        area: x[2] * x[3],
        kernel: {
          first: none ? 0 : down.lastElement * kw + across.lastElement,
          strides: [kh * kw, C * kh * kw, -stride[0] * kw, -stride[1]],
        },
      };
    }),
  );
}
