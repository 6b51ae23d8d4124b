// 2-D convolution as a layer, with the paddings that published networks have.
import { ops } from '@hybridmed/tensor';
import type { Module } from '../module.ts';

/**
 * Zeros around the image: `symmetric` has (kernel - 1) / 2 at every side, `none` has none; `same` is TensorFlow's, as many in all as make
 * ceil(size / stride) places, the odd one below and to the right.
 */
export type Padding = 'symmetric' | 'same' | 'none';

/** Sizes of a convolution of square kernels. */
export interface ConvolutionSizes {
  readonly inputs: number;
  readonly outputs: number;
  readonly kernel: number;
  /** 1 by default. */
  readonly stride?: number;
  /** `symmetric` by default. */
  readonly padding?: Padding;
  /** 1 by default; `inputs` for a depthwise convolution. */
  readonly groups?: number;
  /** False by default: batch norms have the bias. */
  readonly bias?: boolean;
}

/** Zeros before and after an axis. */
function zerosOf(size: number, kernel: number, stride: number, padding: Padding): readonly [before: number, after: number] {
  if (padding === 'none') return [0, 0];
  if (padding === 'symmetric') return [Math.floor((kernel - 1) / 2), Math.floor((kernel - 1) / 2)];
  const total = Math.max((Math.ceil(size / stride) - 1) * stride + kernel - size, 0);
  return [Math.floor(total / 2), Math.ceil(total / 2)];
}

/** Side of the result for images of a side. */
export function convolvedSide(side: number, { kernel, stride = 1, padding = 'symmetric' }: Pick<ConvolutionSizes, 'kernel' | 'stride' | 'padding'>): number {
  const [before, after] = zerosOf(side, kernel, stride, padding);
  return Math.floor((side + before + after - kernel) / stride) + 1;
}

/** Images (B, inputs, H, W) -> (B, outputs, H', W'); weight (outputs, inputs / groups, kernel, kernel), bias (outputs). */
export function convolution({ inputs, outputs, kernel, stride = 1, padding = 'symmetric', groups = 1, bias = false }: ConvolutionSizes): Module {
  return {
    parameters: {
      weight: { shape: [outputs, inputs / groups, kernel, kernel], init: { kind: 'heFanOut', ...(groups > 1 ? { groups } : {}) } },
      ...(bias ? { bias: { shape: [outputs], init: { kind: 'constant', value: 0 } } as const } : {}),
    },
    call(scope, x) {
      const [, , height, width] = x.shape as [unknown, unknown, number, number];
      const [top, bottom] = zerosOf(height, kernel, stride, padding);
      const [left, right] = zerosOf(width, kernel, stride, padding);
      const y = ops.conv2d(x, scope.get('weight'), { stride: [stride, stride], padding: [top, left, bottom, right], groups });
      return bias ? ops.add(y, ops.reshape(scope.get('bias'), [1, outputs, 1, 1])) : y;
    },
  };
}
