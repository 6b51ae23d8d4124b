// The BERT encoder: post-LN, erf GELU, learned positions, under Hugging Face's parameter names.
import type { Dim, Tensor } from '@hybridmed/tensor';
import { ops } from '@hybridmed/tensor';
import type { Module, ParameterSpecs, Scope, TextChain, TextEncoder, TextFeatures } from '@hybridmed/nn';
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

/** The layers of a BERT under their parameters' names, and its embeddings. */
function partsOf(config: BertConfig) {
  const { vocabularySize, width, depth, positions, types = 2, epsilon = defaultEpsilon } = config;
  return {
    embeddings: {
      'embeddings.word_embeddings': embedding({ rows: vocabularySize, width }),
      'embeddings.position_embeddings': embedding({ rows: positions, width, decay: false }),
      'embeddings.token_type_embeddings': embedding({ rows: types, width }),
      'embeddings.LayerNorm': layerNorm({ width, epsilon }),
    },
    layers: Array.from({ length: depth }, (_, i) => ({ name: `encoder.layer.${i}`, layer: bertLayer(config) })),
  };
}

type BertParts = ReturnType<typeof partsOf>;

/** ids (B, L) -> the sum of words, positions and token type 0, normalized: (B, L, width). */
function embedTokens({ embeddings }: BertParts, { dropout: rate = 0 }: BertConfig, scope: Scope, ids: Tensor): Tensor {
  const rows = (name: 'position' | 'token_type', count: Dim) => ops.narrow(scope.child(`embeddings.${name}_embeddings`).get('weight'), 0, 0, count);
  const words = embeddings['embeddings.word_embeddings'].call(scope.child('embeddings.word_embeddings'), ids);
  const summed = ops.add(words, ops.add(rows('position', ids.shape[1]!), rows('token_type', 1)));
  return dropout(scope, embeddings['embeddings.LayerNorm'].call(scope.child('embeddings.LayerNorm'), summed), rate, 'embeddings');
}

const runLayer = ({ name, layer }: BertParts['layers'][number], scope: Scope, h: Tensor, mask: Tensor) =>
  scope.layer(() => layer.call(scope.child(name), h, mask));

/** The last layer, whose queries and keys give an importance, and the features of its result. */
function lastFeatures({ layers }: BertParts, { width, heads, pooling = 'cls' }: BertConfig, scope: Scope, before: Tensor, mask: Tensor): TextFeatures {
  const [batch, length] = [before.shape[0]!, before.shape[1]!];
  const last = layers.length > 0 ? runLayer(layers.at(-1)!, scope, before, mask) : undefined;
  const h = last?.h ?? before;
  const global = pooling === 'mean' ? meanOverTokens(h, mask) : ops.reshape(ops.narrow(h, 1, 0, 1), [batch, width]);
  if (!last) return { tokens: h, global };
  const weights = ops.attentionWeights(ops.stopGradient(ops.narrow(last.query, 1, 0, 1)), ops.stopGradient(last.key), { heads, mask });
  return { tokens: h, global, importance: ops.reshape(ops.mean(weights, { axes: [1] }), [batch, length]) };
}

/**
 * BERT [Devlin et al. 2019]: ids (B, L) i32 and mask (B, L) -> token vectors (B, L, width), `global` = the one at [CLS] or their mean (B, width),
 * `importance` (B, L) = the last layer's head-mean attention from [CLS], without gradient. Token types are 0.
 */
export function bert(config: BertConfig): TextEncoder {
  const parts = partsOf(config);
  const { embeddings, layers } = parts;
  const chain: TextChain = {
    layers: [
      { name: 'embeddings', parameters: collect(embeddings), call: (scope, ids) => embedTokens(parts, config, scope, ids) },
      ...layers.slice(0, -1).map((own) => ({
        name: own.name,
        parameters: collect({ [own.name]: own.layer }),
        call: (scope: Scope, h: Tensor, mask: Tensor) => runLayer(own, scope, h, mask).h,
      })),
    ],
    features: (scope, h, mask) => lastFeatures(parts, config, scope, h, mask),
  };
  return {
    width: config.width,
    vocabulary: config.vocabularySize,
    maxTokens: config.positions,
    parameters: collect({ ...embeddings, ...Object.fromEntries(layers.map(({ name, layer }) => [name, layer])) }),
    chain,
    call: (scope, ids, mask) =>
      chain.features(
        scope,
        chain.layers.reduce((h, layer) => layer.call(scope, h, mask), ids),
        mask,
      ),
  };
}
