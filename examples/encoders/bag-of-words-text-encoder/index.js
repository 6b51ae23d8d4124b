// A text encoder without order: a vector per word, passed through one layer, and their mean over what is not masked.
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
      const own = words.call(scope.child('words'), ids);
      const tokens = ops.add(own, ops.gelu(mix.call(scope.child('mix'), own)));
      const seen = ops.reshape(mask, [...mask.shape, 1]); // (B, L, 1)
      const count = ops.maximum(ops.sum(seen, { axes: [1] }), 1);
      return { tokens, global: ops.div(ops.sum(ops.mul(tokens, seen), { axes: [1] }), count) };
    },
  };
}
