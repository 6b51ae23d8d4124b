// L_CL: words of the findings against patches of the same image, in both directions.
import type { Dim, Tensor } from '@hybridmed/tensor';
import { ops } from '@hybridmed/tensor';
import { normalize } from '@hybridmed/nn';

/** Inputs of the local loss. */
export interface LocalContrast {
  /** Projected patch vectors (B, N, d), not normalized. */
  patches: Tensor;
  /** Projected findings token vectors (B, L, d), not normalized. */
  words: Tensor;
  /** 1 for words: tokens that are neither padding nor special (B, L) f32. */
  wordMask: Tensor;
  /** Weight of each word (B, L), no gradient through it; uniform without it. */
  importance?: Tensor;
  /** Temperature tau. */
  temperature?: number;
}

// Stands for "not a candidate" in logits: far below any cosine / tau, yet harmless in f32 (and f16) arithmetic.
const excluded = -1e4;

/**
 * L_CL per study, (B) in nats: the mean of the word-to-patch and patch-to-word terms; 0 for a study without words
 * [MGCA, Wang et al. 2022]. Word i attends to patches, c_i = normalize(sum_j softmax_j(w_i.p_j / tau) p_j), and must find its own
 * c_i among the study's words, weighted by importance; the mirror image for patches, with uniform weights.
 */
export function localContrast({ patches, words, wordMask, importance, temperature = 0.1 }: LocalContrast): Tensor {
  const [p, w] = [normalize(patches), normalize(words)];
  const [batch, length] = wordMask.shape as [Dim, Dim];
  const inverse = 1 / temperature;
  const product = (a: Tensor, b: Tensor) => ops.mul(ops.matmul(a, b, { transposeB: true }), inverse);
  const onlyWords = (logits: Tensor) => ops.where(ops.reshape(wordMask, [batch, 1, length]), logits, excluded);

  const seenPatches = normalize(ops.matmul(ops.softmax(product(w, p)), p));
  const weights = ops.stopGradient(wordWeights(wordMask, importance));
  const wordRows = pairLoss(onlyWords(product(w, seenPatches)), onlyWords(product(seenPatches, w)));
  const wordTerm = ops.sum(ops.mul(wordRows, weights), { axes: [1] });

  const seenWords = normalize(ops.matmul(ops.softmax(onlyWords(product(p, w))), w));
  const patchTerm = ops.mean(pairLoss(product(p, seenWords), product(seenWords, p)), { axes: [1] });
  const hasWords = ops.less(0, ops.sum(wordMask, { axes: [1] }));
  return ops.where(hasWords, ops.mul(ops.add(wordTerm, patchTerm), 0.5), 0);
}

/** Weights over words that sum to 1 in each study (to 0 where there is none). */
function wordWeights(wordMask: Tensor, importance: Tensor | undefined): Tensor {
  const weights = importance ? ops.mul(importance, wordMask) : wordMask;
  return ops.div(weights, ops.maximum(ops.sum(weights, { axes: [1], keepDims: true }), 1e-30));
}

/** (CE of row i with target i + CE of column i with target i) / 2, from the logits and their transpose (B, n, n): (B, n). */
function pairLoss(logits: Tensor, transposed: Tensor): Tensor {
  const [batch, n] = logits.shape as [Dim, Dim, Dim];
  const own = ops.broadcast(ops.reshape(ops.iota(n), [1, n]), [batch, n]);
  return ops.mul(ops.add(ops.crossEntropy(logits, own), ops.crossEntropy(transposed, own)), 0.5);
}
