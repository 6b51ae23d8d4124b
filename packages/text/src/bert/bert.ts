// The BERT encoder: post-LN, erf GELU, learned positions, under Hugging Face's parameter names.
import type { Tensor } from '@hybridmed/tensor';
import { ops } from '@hybridmed/tensor';
import type { Module, ParameterSpecs, Scope, TextEncoder } from '@hybridmed/nn';
import { collect, dropout, embedding, layerNorm, linear } from '@hybridmed/nn';

/** What of a text's token vectors stands for the whole: that at [CLS], or their mean over all tokens but the padding, [CLS] and [SEP] included. */
export const textPoolings = ['cls', 'mean'] as const;

/** A text's pooling. */
export type TextPooling = (typeof textPoolings)[number];

/** Sizes of a BERT. */
export interface BertConfig {
  readonly vocabularySize: number;
  readonly width: number;
  readonly depth: number;
  readonly heads: number;
  readonly ffn: number;
  readonly positions: number;
  /** Number of token types; 2 in published checkpoints. */
  readonly types?: number;
  /** Rate on hidden states; attention probabilities are never dropped. */
  readonly dropout?: number;
  /** Of every layer norm: 1e-12. */
  readonly epsilon?: number;
  /** What `global` is: cls. */
  readonly pooling?: TextPooling;
}

const defaultEpsilon = 1e-12;

interface Layer {
  readonly parameters: ParameterSpecs;
  /** (B, L, width) -> (B, L, width), with the queries and keys it used. */
  call(scope: Scope, h: Tensor, mask: Tensor): { h: Tensor; query: Tensor; key: Tensor };
}

/** h = LN(h + attention(h)); h = LN(h + FFN(h)). */
function bertLayer({ width, heads, ffn, dropout: rate = 0, epsilon = defaultEpsilon }: BertConfig): Layer {
  const square = (): Module => linear({ inputs: width, outputs: width });
  const parts = {
    'attention.self.query': square(),
    'attention.self.key': square(),
    'attention.self.value': square(),
    'attention.output.dense': square(),
    'attention.output.LayerNorm': layerNorm({ width, epsilon }),
    'intermediate.dense': linear({ inputs: width, outputs: ffn }),
    'output.dense': linear({ inputs: ffn, outputs: width }),
    'output.LayerNorm': layerNorm({ width, epsilon }),
  };
  return {
    parameters: collect(parts),
    call(scope, h, mask) {
      const run = (name: keyof typeof parts, x: Tensor) => parts[name].call(scope.child(name), x);
      const [query, key, value] = [run('attention.self.query', h), run('attention.self.key', h), run('attention.self.value', h)];
      const attended = dropout(scope, run('attention.output.dense', ops.attention(query, key, value, { heads, mask })), rate, 'attention');
      const middle = run('attention.output.LayerNorm', ops.add(attended, h));
      const fed = dropout(scope, run('output.dense', ops.gelu(run('intermediate.dense', middle))), rate, 'output');
      return { h: run('output.LayerNorm', ops.add(fed, middle)), query, key };
    },
  };
}

/** The mean of h (B, L, width) over the tokens of a mask (B, L), as sentence encoders have it [Reimers and Gurevych 2019, section 3]: (B, width); 0 for no token. */
function meanOverTokens(h: Tensor, mask: Tensor): Tensor {
  const [batch, length] = [mask.shape[0]!, mask.shape[1]!];
  const total = ops.sum(ops.mul(h, ops.reshape(mask, [batch, length, 1])), { axes: [1] });
  return ops.div(total, ops.maximum(ops.sum(mask, { axes: [1], keepDims: true }), 1));
}

/**
 * BERT [Devlin et al. 2019]: ids (B, L) i32 and mask (B, L) -> token vectors (B, L, width), `global` = the one at [CLS] or their mean (B, width),
 * `importance` (B, L) = the last layer's head-mean attention from [CLS], without gradient. Token types are 0.
 */
export function bert(config: BertConfig): TextEncoder {
  const { vocabularySize, width, depth, heads, positions, types = 2, epsilon = defaultEpsilon, pooling = 'cls' } = config;
  const embeddings = {
    'embeddings.word_embeddings': embedding({ rows: vocabularySize, width }),
    'embeddings.position_embeddings': embedding({ rows: positions, width, decay: false }),
    'embeddings.token_type_embeddings': embedding({ rows: types, width }),
    'embeddings.LayerNorm': layerNorm({ width, epsilon }),
  };
  const layers = Array.from({ length: depth }, () => bertLayer(config));
  return {
    width,
    vocabulary: vocabularySize,
    maxTokens: positions,
    parameters: collect({ ...embeddings, ...Object.fromEntries(layers.map((layer, i) => [`encoder.layer.${i}`, layer])) }),
    call(scope, ids, mask) {
      const [batch, length] = [ids.shape[0]!, ids.shape[1]!];
      const rows = (name: 'position' | 'token_type', count: typeof length) =>
        ops.narrow(scope.child(`embeddings.${name}_embeddings`).get('weight'), 0, 0, count);
      const words = embeddings['embeddings.word_embeddings'].call(scope.child('embeddings.word_embeddings'), ids);
      const summed = ops.add(words, ops.add(rows('position', length), rows('token_type', 1)));
      let h = dropout(scope, embeddings['embeddings.LayerNorm'].call(scope.child('embeddings.LayerNorm'), summed), config.dropout ?? 0, 'embeddings');
      let last: ReturnType<Layer['call']> | undefined;
      for (const [i, layer] of layers.entries()) {
        last = scope.layer(() => layer.call(scope.child(`encoder.layer.${i}`), h, mask));
        h = last.h;
      }
      const global = pooling === 'mean' ? meanOverTokens(h, mask) : ops.reshape(ops.narrow(h, 1, 0, 1), [batch, width]);
      if (!last) return { tokens: h, global };
      const weights = ops.attentionWeights(ops.stopGradient(ops.narrow(last.query, 1, 0, 1)), ops.stopGradient(last.key), { heads, mask });
      return { tokens: h, global, importance: ops.reshape(ops.mean(weights, { axes: [1] }), [batch, length]) };
    },
  };
}
