// Copying: a distribution over the tokens of a memory, mixed with that over the vocabulary by a learned gate [See et al. 2017].
import type { ParameterSpecs, Scope } from '@hybridmed/nn';
import { collect, linear } from '@hybridmed/nn';
import type { Dim, Tensor, VocabularyHead } from '@hybridmed/tensor';
import { dimProduct, ops } from '@hybridmed/tensor';

/** A memory that tokens are copied from: its projected rows (B, S, width), its tokens' ids (B, S) of the decoder's vocabulary, and their mask (B, S). */
export interface CopySource {
  readonly keys: Tensor;
  readonly ids: Tensor;
  readonly mask?: Tensor | undefined;
}

/** What is copied at each position: the attention over the memory (B, T, S), the gate's logit (B, T), which is log p(copy) - log p(write), and the ids (B, S). */
export interface Copying {
  readonly attention: Tensor;
  readonly gate: Tensor;
  readonly ids: Tensor;
}

/** Hidden states with the output layer and, where the decoder copies, what of the memory. */
export interface TextHead extends VocabularyHead {
  readonly copying?: Copying | undefined;
}

/** The pointer's layers as functions of a scope. */
export interface Pointer {
  readonly parameters: ParameterSpecs;
  /** Rows of a memory (B, S, memory width) for states to be compared with: (B, S, width). */
  project(scope: Scope, memory: Tensor): Tensor;
  /** What hidden states (B, T, width) copy. */
  copying(scope: Scope, hidden: Tensor, source: CopySource): Copying;
}

/** A pointer of one head over a memory of `memory` features; the gate reads the state and the mean of the memory's rows under the attention. */
export function pointer({ width, memory }: { width: number; memory: number }): Pointer {
  const query = linear({ inputs: width, outputs: width });
  const key = linear({ inputs: memory, outputs: width });
  const gate = linear({ inputs: 2 * width, outputs: 1 });
  return {
    parameters: collect({ query, key, gate }),
    project: (scope, rows) => key.call(scope.child('key'), rows),
    copying(scope, hidden, { keys, ids, mask }) {
      const scores = ops.mul(ops.matmul(query.call(scope.child('query'), hidden), keys, { transposeB: true }), 1 / Math.sqrt(width));
      const [rows, tokens] = ids.shape as [Dim, Dim];
      // A memory without a real token has equal weights, and nothing infinite.
      const attention = ops.softmax(mask ? ops.add(scores, ops.mul(ops.sub(ops.reshape(mask, [rows, 1, tokens]), 1), 1e9)) : scores);
      const seen = ops.concat([hidden, ops.matmul(attention, keys)], 2);
      return { attention, gate: ops.reshape(gate.call(scope.child('gate'), seen), hidden.shape.slice(0, 2)), ids };
    },
  };
}

// Probabilities are kept above this, so that a token that is neither copied nor written has a finite loss.
const smallest = 1e-30;

/** log sigmoid(x), exact at both ends. */
const logSigmoid = (x: Tensor): Tensor => ops.neg(ops.add(ops.maximum(ops.neg(x), 0), ops.log(ops.add(1, ops.exp(ops.neg(ops.maximum(x, ops.neg(x))))))));

/** log(e^a + e^b). */
function logAddExp(a: Tensor, b: Tensor): Tensor {
  const greater = ops.stopGradient(ops.maximum(a, b));
  return ops.add(greater, ops.log(ops.add(ops.exp(ops.sub(a, greater)), ops.exp(ops.sub(b, greater)))));
}

/**
 * Cross-entropy of each target token (B, T) i32 under a head's distribution, in nats: (B, T). With copying the probability is
 * p(write) softmax(logits)[target] + p(copy) times the attention on the target's places in the memory, and only that of the target is made.
 */
export function tokenNats({ copying, ...head }: TextHead, target: Tensor): Tensor {
  const { crossEntropy } = ops.vocabularyLoss({ ...head, target });
  if (!copying) return crossEntropy;
  const { attention, gate, ids } = copying;
  const [rows, length, tokens] = attention.shape as [Dim, Dim, Dim];
  const isTarget = ops.equal(ops.reshape(target, [rows, length, 1]), ops.reshape(ids, [rows, 1, tokens]));
  const onTarget = ops.sum(ops.mul(attention, isTarget), { axes: [-1] });
  const copied = ops.add(logSigmoid(gate), ops.log(ops.maximum(onTarget, smallest)));
  return ops.neg(logAddExp(ops.sub(logSigmoid(ops.neg(gate)), crossEntropy), copied));
}

/** Logits (..., V) of a head: with copying the logarithms of the mixed probabilities (B, T, V), which softmax leaves as they are. */
export function headLogits({ hidden, weight, bias, copying }: TextHead): Tensor {
  const logits = ops.add(ops.matmul(hidden, weight, { transposeB: true }), bias);
  if (!copying) return logits;
  const [rows, length] = hidden.shape as [Dim, Dim];
  const column = (x: Tensor) => ops.reshape(ops.exp(logSigmoid(x)), [rows, length, 1]);
  const written = ops.mul(ops.softmax(logits), column(ops.neg(copying.gate)));
  const copied = overVocabulary(ops.mul(copying.attention, column(copying.gate)), copying.ids, weight.shape[0] as number);
  return ops.log(ops.maximum(ops.add(written, copied), smallest));
}

/** Weights on a memory's tokens (B, T, S), whose ids are (B, S), as weights on the vocabulary (B, T, V): those of equal ids are summed. */
function overVocabulary(weights: Tensor, ids: Tensor, vocabulary: number): Tensor {
  const [rows, length] = weights.shape as [Dim, Dim];
  // Row b of the batch has the table's rows b V to (b + 1) V - 1.
  const first = ops.mul(ops.reshape(ops.iota(rows), [rows, 1]), vocabulary);
  const table = ops.scatterAdd(ops.transpose(weights), ops.add(ids, first), dimProduct([rows, vocabulary]));
  return ops.transpose(ops.reshape(table, [rows, vocabulary, length]));
}
