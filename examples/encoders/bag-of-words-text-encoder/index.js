// A text encoder without order: a vector per word, passed through one layer, and their mean over tokens that are not masked.
import { collect, embedding, linear } from '@hybridmed/nn';
import { ops } from '@hybridmed/tensor';

/** @type {import('hybridmed/encoders').CreateTextEncoder} */
export function createTextEncoder({ vocabulary, maxTokens }) {
  const width = 40;
  const words = embedding({ rows: vocabulary, width });
  const mix = linear({ inputs: width, outputs: width });
  return {
    width,
    vocabulary,
    maxTokens,
    parameters: collect({ words, mix }),
    call(scope, ids, mask) {
      const vectors = words.call(scope.child('words'), ids);
      const tokens = ops.add(vectors, ops.gelu(mix.call(scope.child('mix'), vectors)));
      const weights = ops.reshape(mask, [...mask.shape, 1]); // (B, L, 1)
      const count = ops.maximum(ops.sum(weights, { axes: [1] }), 1);
      return { tokens, global: ops.div(ops.sum(ops.mul(tokens, weights), { axes: [1] }), count) };
    },
  };
}
