// L_CG: an image against its report's impression, as wholes, with the other studies of the batch as negatives.
import type { Dim, Tensor } from '@hybridmed/tensor';
import { ops } from '@hybridmed/tensor';
import { normalize } from '@hybridmed/nn';

/** Inputs of the global loss. */
export interface GlobalContrast {
  /** Projected image vectors (B, d), not normalized. */
  image: Tensor;
  /** Projected impression vectors (B, d), not normalized. */
  text: Tensor;
  /** Logarithm of the inverse temperature, f32 scalar. */
  logScale: Tensor;
  /** Study groups (B) i32: studies of one group share the target mass evenly. Without it every other study is a negative. */
  groups?: Tensor;
}

/**
 * L_CG = (CE over rows + CE over columns) / 2 of logits = exp(s) normalize(image) normalize(text)^T, an f32 scalar in nats
 * [CLIP, Radford et al. 2021; with groups, the targets of a row are spread evenly over the row's group].
 */
export function globalContrast({ image, text, logScale, groups }: GlobalContrast): Tensor {
  const scale = ops.exp(logScale);
  const [zi, zt] = [ops.mul(normalize(image), scale), normalize(text)];
  const batch = image.shape[0]!;
  const rows = ops.matmul(zi, zt, { transposeB: true });
  const columns = ops.matmul(zt, zi, { transposeB: true });
  return ops.mul(ops.add(softCrossEntropy(rows, batch, groups), softCrossEntropy(columns, batch, groups)), 0.5);
}

/** Mean over rows of the cross-entropy with the row's own index, or with its group spread evenly. */
function softCrossEntropy(logits: Tensor, batch: Dim, groups: Tensor | undefined): Tensor {
  if (!groups) return ops.mean(ops.crossEntropy(logits, ops.iota(batch)));
  const same = ops.equal(ops.reshape(groups, [batch, 1]), ops.reshape(groups, [1, batch]));
  const target = ops.div(same, ops.sum(same, { axes: [1], keepDims: true }));
  return ops.mean(ops.mul(ops.sum(ops.mul(target, ops.logSoftmax(logits)), { axes: [1] }), -1));
}
