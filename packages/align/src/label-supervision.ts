// L_Lab: a linear head on an image's vector tells which labels its report gives it.
import type { ParameterSpecs } from '@hybridmed/nn';
import type { Tensor } from '@hybridmed/tensor';
import { ops } from '@hybridmed/tensor';
import { softplus } from './softplus.ts';

/** Inputs of label supervision, of B studies and K labels. */
export interface LabelSupervision {
  /** Vectors of images (B, Dv), as the encoder gives them. */
  image: Tensor;
  /** The head: weight (K, Dv) and bias (K). */
  weight: Tensor;
  bias: Tensor;
  /** 1 for labels that are present, 0 for those that are not (B, K), and 1 for those that count (B, K). */
  labels: Tensor;
  mask: Tensor;
}

/** The head of an encoder of this width: its weight starts at 0, its bias at the labels' log odds among training studies. */
export const labelParameters = (width: number, logOdds: readonly number[]): ParameterSpecs => ({
  weight: { shape: [logOdds.length, width], init: { kind: 'constant', value: 0 } },
  bias: { shape: [logOdds.length], init: { kind: 'values', values: logOdds } },
});

/**
 * L_Lab of each study, (B) in nats: sum_k mask_k (softplus(z_k) - labels_k z_k) / sqrt(K), z = weight image + bias. That is the binary
 * cross-entropy of each label that counts, summed, over the root of the number of labels.
 */
export function labelSupervision({ image, weight, bias, labels, mask }: LabelSupervision): Tensor {
  const logits = ops.add(ops.matmul(image, weight, { transposeB: true }), bias);
  const entropy = ops.sub(softplus(logits), ops.mul(labels, logits));
  return ops.mul(ops.sum(ops.mul(mask, entropy), { axes: [1] }), 1 / Math.sqrt(weight.shape[0] as number));
}
