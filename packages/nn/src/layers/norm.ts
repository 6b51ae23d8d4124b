// Layer norm over the last axis, and batch norm over images with running statistics.
import type { Dim, Tensor } from '@hybridmed/tensor';
import { dimProduct, ops } from '@hybridmed/tensor';
import type { Module } from '../module.ts';

/** Layer norm: (..., width) -> (..., width) [Ba et al. 2016]. */
export function layerNorm({ width, epsilon }: { width: number; epsilon: number }): Module {
  return {
    parameters: { weight: { shape: [width], init: { kind: 'constant', value: 1 } }, bias: { shape: [width], init: { kind: 'constant', value: 0 } } },
    call: (scope, x) => ops.layerNorm(x, scope.get('weight'), scope.get('bias'), epsilon),
  };
}

/**
 * Batch norm over (B, C, H, W), per channel [Ioffe & Szegedy 2015]. In training it uses the batch's statistics and updates the
 * running ones with `momentum` (the running variance unbiased); otherwise, and where the running ones are frozen, it uses those.
 */
export function batchNorm({ channels, epsilon = 1e-5, momentum = 0.1 }: { channels: number; epsilon?: number; momentum?: number }): Module {
  const constant = (value: number, buffer = false) => ({ shape: [channels], init: { kind: 'constant', value }, ...(buffer ? { buffer } : {}) }) as const;
  const channel = (x: Tensor) => ops.reshape(x, [1, channels, 1, 1]);
  return {
    parameters: { weight: constant(1), bias: constant(0), running_mean: constant(0, true), running_var: constant(1, true) },
    call(scope, x) {
      const [runningMean, runningVariance] = [scope.get('running_mean'), scope.get('running_var')];
      if (!scope.training || scope.frozen('running_mean') || scope.frozen('running_var'))
        return ops.add(
          ops.mul(ops.mul(ops.sub(x, channel(runningMean)), ops.div(1, ops.sqrt(ops.add(channel(runningVariance), epsilon)))), channel(scope.get('weight'))),
          channel(scope.get('bias')),
        );
      const { y, mean, variance } = ops.batchNorm(x, scope.get('weight'), scope.get('bias'), epsilon);
      const count = countOf(dimProduct([x.shape[0]!, x.shape[2]!, x.shape[3]!]));
      const unbiased = ops.div(ops.mul(variance, count), ops.sub(count, 1));
      const blend = (old: Tensor, now: Tensor) => ops.stopGradient(ops.add(ops.mul(old, 1 - momentum), ops.mul(now, momentum)));
      scope.update('running_mean', blend(runningMean, mean));
      scope.update('running_var', blend(runningVariance, unbiased));
      return y;
    },
  };
}

const countOf = (count: Dim): Tensor => (typeof count === 'number' ? ops.full(count, []) : ops.size(count));
