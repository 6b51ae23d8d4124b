// The softplus that logistic losses are made of.
import type { Tensor } from '@hybridmed/tensor';
import { ops } from '@hybridmed/tensor';

/** log(1 + exp(x)) = -log sigmoid(-x), for x of any size; its gradient is sigmoid(x), at 0 too. */
export function softplus(x: Tensor): Tensor {
  const largest = ops.stopGradient(ops.maximum(x, 0));
  return ops.add(largest, ops.log(ops.add(ops.exp(ops.sub(x, largest)), ops.exp(ops.neg(largest)))));
}
