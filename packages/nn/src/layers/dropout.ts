// Dropout on hidden states.
import type { Tensor } from '@hybridmed/tensor';
import { foldIn, ops, uniform } from '@hybridmed/tensor';
import type { Scope } from '../module.ts';

/** Zeroes elements with probability `rate` in training and scales the rest by 1 / (1 - rate); `site` distinguishes two uses in one scope. */
export function dropout(scope: Scope, x: Tensor, rate: number, site: string): Tensor {
  const key = scope.key();
  if (!scope.training || rate === 0 || !key) return x;
  const dropped = ops.less(uniform(foldIn(key, site), x.shape), rate);
  return ops.where(dropped, 0, ops.mul(x, 1 / (1 - rate)));
}
