// L_SG: each pair of an image and an impression of the batch is a decision of its own, whether they belong together.
import type { Tensor } from '@hybridmed/tensor';
import { ops } from '@hybridmed/tensor';
import type { ParameterSpecs } from '@hybridmed/nn';
import { normalize } from '@hybridmed/nn';
import { softplus } from './softplus.ts';

/** Inputs of the pairwise loss. */
export interface PairwiseContrast {
  /** Projected image vectors (B, d), not normalized. */
  image: Tensor;
  /** Projected impression vectors (B, d), not normalized. */
  text: Tensor;
  /** Logarithm of the inverse temperature, f32 scalar. */
  logScale: Tensor;
  /** Bias of the logits, f32 scalar. */
  bias: Tensor;
  /** Study groups (B) i32: an image belongs to every impression of its group. Without it, to its own alone. */
  groups?: Tensor;
}

/** What it learns beside the projections: `scale`, a logarithm, starts at log 10, `bias` at -10. */
export const pairwiseParameters: ParameterSpecs = {
  scale: { shape: [], init: { kind: 'constant', value: Math.log(10) } },
  bias: { shape: [], init: { kind: 'constant', value: -10 } },
};

/**
 * L_SG = -(1/B) sum_ij log sigmoid(y_ij (exp(s) cos(image_i, text_j) + b)), y_ij = 1 for pairs that belong together, else -1: an f32 scalar
 * in nats [SigLIP, Zhai et al. 2023].
 */
export function pairwiseContrast({ image, text, logScale, bias, groups }: PairwiseContrast): Tensor {
  const batch = image.shape[0]!;
  const logits = ops.add(ops.matmul(ops.mul(normalize(image), ops.exp(logScale)), normalize(text), { transposeB: true }), bias);
  const group = groups ?? ops.iota(batch);
  const together = ops.equal(ops.reshape(group, [batch, 1]), ops.reshape(group, [1, batch]));
  const sign = ops.sub(ops.mul(together, 2), 1);
  return ops.mean(ops.sum(softplus(ops.neg(ops.mul(sign, logits))), { axes: [1] }));
}
