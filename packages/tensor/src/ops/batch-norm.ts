// Batch norm over images with the batch's own statistics, and its gradient. Each carries its definition in primitives.
import { sameShape } from '../dim.ts';
import type { TensorSpec } from '../spec.ts';
import type { Tensor } from '../node.ts';
import { add, div, mul, sqrt, sub } from './elementwise.ts';
import { reshape } from './movement.ts';
import { mean, sum } from './reductions.ts';
import { apply } from './op-row.ts';
import type { OpRow } from './op-row.ts';

declare module './attributes.ts' {
  interface OpAttributes {
    batchNorm: { readonly epsilon: number };
    batchNormGrad: { readonly epsilon: number };
  }
}

/** Results of batch norm: y (B, C, H, W), and the batch's mean and variance (C), which is that of a population. */
export interface BatchNormResult {
  readonly y: Tensor;
  readonly mean: Tensor;
  readonly variance: Tensor;
}

/**
 * (x - mean) / sqrt(variance + epsilon) * weight + bias per channel, with mean and variance over the batch and the places:
 * x (B, C, H, W), weight and bias (C) [Ioffe & Szegedy 2015]. No gradient flows through mean and variance as results: a graph that asks for
 * one throws an Error.
 */
export function batchNorm(x: Tensor, weight: Tensor, bias: Tensor, epsilon: number): BatchNormResult {
  const [y, average, variance] = apply('batchNorm', [x, weight, bias], { epsilon });
  return { y: y!, mean: average!, variance: variance! };
}

const over = { axes: [0, 2, 3], keepDims: true };
const perChannel = (channel: Tensor): Tensor => reshape(channel, [1, channel.shape[0]!, 1, 1]);

/** Rows of batch norm. */
export const batchNormRows = {
  batchNorm: {
    documentation: 'x (B, C, H, W), weight (C), bias (C) -> y (B, C, H, W), mean (C), variance (C) over B, H and W.',
    infer: ([x, weight, bias], _, fail) => {
      if (x!.shape.length !== 4) fail('takes images (B, C, H, W)');
      const channels = [x!.shape[1]!];
      if (!sameShape(weight!.shape, channels) || !sameShape(bias!.shape, channels)) fail('weight and bias need the size of the channels');
      const statistic: TensorSpec = { shape: channels, dtype: 'f32' };
      return [{ shape: x!.shape, dtype: 'f32' }, statistic, statistic];
    },
    gradient: (node, [dy, ...rest]) => {
      if (rest.some(Boolean)) throw new Error('batchNorm: no gradient through its statistics');
      const [, average, variance] = node.outputs;
      return apply('batchNormGrad', [node.inputs[0]!, node.inputs[1]!, average!, variance!, dy!], node.attributes);
    },
    definition: ([x, weight, bias], { epsilon }) => {
      const average = mean(x!, over);
      const centred = sub(x!, average);
      const variance = mean(mul(centred, centred), over);
      const normalized = mul(centred, div(1, sqrt(add(variance, epsilon))));
      return [add(mul(normalized, perChannel(weight!)), perChannel(bias!)), reshape(average, weight!.shape), reshape(variance, weight!.shape)];
    },
  } satisfies OpRow<'batchNorm'>,
  batchNormGrad: {
    documentation: 'x (B, C, H, W), weight (C), mean (C), variance (C), dy (B, C, H, W) -> dx, dweight (C), dbias (C).',
    infer: ([x, weight]) => [
      { shape: x!.shape, dtype: 'f32' },
      { shape: weight!.shape, dtype: 'f32' },
      { shape: weight!.shape, dtype: 'f32' },
    ],
    gradient: 'definition',
    definition: ([x, weight, average, variance, dy], { epsilon }) => {
      const scale = perChannel(div(1, sqrt(add(variance!, epsilon))));
      const normalized = mul(sub(x!, perChannel(average!)), scale);
      const weighted = mul(dy!, normalized);
      const centred = sub(sub(dy!, mean(dy!, over)), mul(normalized, mean(weighted, over)));
      return [mul(mul(centred, scale), perChannel(weight!)), sum(weighted, { axes: over.axes }), sum(dy!, { axes: over.axes })];
    },
  } satisfies OpRow<'batchNormGrad'>,
};
