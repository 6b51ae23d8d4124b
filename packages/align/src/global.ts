// L_CG: an image against its report's impression, as wholes, with the other studies of the batch as negatives.
import type { Dim, Tensor } from '@hybridmed/tensor';
import { ops } from '@hybridmed/tensor';
import { maskedMean, normalize } from '@hybridmed/nn';

/** Inputs of the global loss. */
export interface GlobalContrast {
  /** Projected image vectors (B, d), not normalized. */
  image: Tensor;
  /** Projected impression vectors (B, d), not normalized. */
  text: Tensor;
  /** Logarithm of the inverse temperature, f32 scalar. */
  logScale: Tensor;
  /** Study groups (B) i32, those of equal impressions: studies of one group share the target mass evenly. Without it every other study is a negative. */
  groups?: Tensor;
  /** Whether the texts are the distinct impressions, one of each group: that of its first study. */
  unique?: boolean;
}

// Stands for "not of the gallery" in logits: far below any cosine times a scale of at most 100, yet harmless in f32 (and f16) arithmetic.
const excluded = -1e4;

/**
 * L_CG = (CE over rows + CE over columns) / 2 of logits = exp(s) normalize(image) normalize(text)^T, an f32 scalar in nats
 * [CLIP, Radford et al. 2021; with groups, the targets of a row are spread evenly over the row's group]. With `unique` the texts are one of
 * each group: an image's target is its own, a text's targets are spread evenly over its images, and the mean over columns is one over texts.
 */
export function globalContrast({ image, text, logScale, groups, unique = false }: GlobalContrast): Tensor {
  const scale = ops.exp(logScale);
  const [zi, zt] = [ops.mul(normalize(image), scale), normalize(text)];
  const batch = image.shape[0]!;
  const rows = ops.matmul(zi, zt, { transposeB: true });
  const columns = ops.matmul(zt, zi, { transposeB: true });
  if (unique && groups) return overDistinctTexts(rows, columns, batch, groups);
  return ops.mul(ops.add(softCrossEntropy(rows, batch, groups), softCrossEntropy(columns, batch, groups)), 0.5);
}

/** Mean over rows of the cross-entropy with the row's own index, or with its group spread evenly. */
function softCrossEntropy(logits: Tensor, batch: Dim, groups: Tensor | undefined): Tensor {
  if (!groups) return ops.mean(ops.crossEntropy(logits, ops.iota(batch)));
  return ops.mean(groupCrossEntropy(logits, sameGroup(groups, batch)));
}

/** 1 where two studies are of one group, else 0: (B, B). */
const sameGroup = (groups: Tensor, batch: Dim): Tensor => ops.equal(ops.reshape(groups, [batch, 1]), ops.reshape(groups, [1, batch]));

/** Cross-entropy of each row with its targets (B, B), spread evenly: (B). */
function groupCrossEntropy(logits: Tensor, targets: Tensor): Tensor {
  const target = ops.div(targets, ops.sum(targets, { axes: [1], keepDims: true }));
  return ops.mul(ops.sum(ops.mul(target, ops.logSoftmax(logits)), { axes: [1] }), -1);
}

/** (Mean over images of the cross-entropy over the distinct texts + mean over these of that over images) / 2, from the logits and their transpose. */
function overDistinctTexts(rows: Tensor, columns: Tensor, batch: Dim, groups: Tensor): Tensor {
  const same = sameGroup(groups, batch);
  const earlier = ops.less(ops.reshape(ops.iota(batch), [1, batch]), ops.reshape(ops.iota(batch), [batch, 1]));
  // The first study of each group stands for its text.
  const first = ops.equal(ops.sum(ops.mul(same, earlier), { axes: [1] }), 0);
  const gallery = ops.reshape(first, [1, batch]);
  const ofImages = ops.mean(groupCrossEntropy(ops.where(gallery, rows, excluded), ops.mul(same, gallery)));
  return ops.mul(ops.add(ofImages, maskedMean(groupCrossEntropy(columns, same), first)), 0.5);
}
