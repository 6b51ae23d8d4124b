// The dual-branch decoder: one stack of blocks whose branches read different memories and write the same impression.
import type { Dim, Tensor, VocabularyHead } from '@hybridmed/tensor';
import { HybridmedError, ops } from '@hybridmed/tensor';
import type { ParameterSpecs, Scope } from '@hybridmed/nn';
import { collect, dropout, embedding, layerNorm } from '@hybridmed/nn';
import type { KeyValues } from './attention.ts';
import type { Block, Memories, SelfAttention } from './block.ts';
import { decoderBlock } from './block.ts';

/** Sizes of a decoder. */
export interface DecoderConfig {
  vocab: number;
  width: number;
  depth: number;
  heads: number;
  /** Greatest number of tokens it can read or write. */
  positions: number;
  dropout?: number;
  /** Ablation: one cross-attention for all branches instead of one each; needs memories of one width. */
  sharedCross?: boolean;
  /** Ablation: each branch has self-attention and feed-forward layers of its own, `blocks.I.{norm_self,self_attn,norm_ffn,ffn}.BRANCH` in checkpoints. */
  unshared?: boolean;
}

/** A cache of self-attention keys and values of fixed capacity: one (B, capacity, width) pair per block. */
export type Cache = readonly KeyValues[];

/** The decoder as functions of a scope. */
export interface Decoder {
  readonly config: DecoderConfig;
  readonly branches: readonly string[];
  readonly memories: Memories;
  readonly parameters: ParameterSpecs;
  /** Each block's cross-attention keys and values of a branch's memory (B, S, memory width). */
  projectMemory(scope: Scope, branch: string, memory: Tensor): KeyValues[];
  /** Final hidden states (B, T, width) for input ids (B, T), all positions at once. `mask` (B, S) is 1 for real memory tokens. */
  hidden(scope: Scope, branch: string, ids: Tensor, memory: Tensor, mask?: Tensor): Tensor;
  /** Each block's cross-attention over the memory, averaged over heads, for input ids (B, T): (B, T, S) each. In evaluation mode. */
  crossWeights(scope: Scope, branch: string, ids: Tensor, memory: Tensor, mask?: Tensor): Tensor[];
  /** Hidden states (..., width) with the layer that turns them into logits: the tied token embedding as its weight, and its own bias. */
  head(scope: Scope, hidden: Tensor): VocabularyHead;
  /** Logits (..., vocab) of hidden states (..., width). */
  logits(scope: Scope, hidden: Tensor): Tensor;
  /** Hidden states of all positions at once, and each block's self-attention keys and values (B, T, width), for decoding to go on from. */
  prefill(scope: Scope, branch: string, ids: Tensor, cross: readonly KeyValues[], mask?: Tensor): Decoded;
  /** Hidden states (B, 1, width) for one new token per row (B, 1) at `position` (i32 [1]), and the cache of fixed capacity with it written in. */
  step(scope: Scope, branch: string, ids: Tensor, position: Tensor, cache: Cache, cross: readonly KeyValues[], mask?: Tensor): Decoded;
  /** Hidden states (B, 1, width) for one new token per row (B, 1) after a past of P tokens (B, P, width), and the past with it, P + 1 long. */
  extend(scope: Scope, branch: string, ids: Tensor, past: readonly KeyValues[], cross: readonly KeyValues[], mask?: Tensor): Decoded;
}

/** Final hidden states, and keys and values of self-attention by block. */
export interface Decoded {
  readonly hidden: Tensor;
  readonly cache: KeyValues[];
}

/** Builds a decoder over memories of the given widths by branch. Throws a HybridmedError when `sharedCross` meets memories of different widths. */
export function dualBranchDecoder(config: DecoderConfig, memories: Memories): Decoder {
  const { vocab, width, depth, heads, positions, dropout: rate = 0, sharedCross = false, unshared = false } = config;
  if (sharedCross && new Set(Object.values(memories)).size > 1)
    throw new HybridmedError(`decoder.sharedCross needs memories of one width, not ${JSON.stringify(memories)}; give both encoders one width`);
  const blocks: Block[] = Array.from({ length: depth }, () => decoderBlock({ width, heads, memories, dropout: rate, sharedCross, unshared }));
  const parts = {
    embed: embedding({ rows: vocab, width }),
    pos: embedding({ rows: positions, width, decay: false }),
    norm: layerNorm({ width, epsilon: 1e-5 }),
  };
  const blockScope = (scope: Scope, i: number) => scope.child(`blocks.${i}`);
  const projectMemory = (scope: Scope, branch: string, memory: Tensor) => blocks.map((block, i) => block.projectMemory(blockScope(scope, i), branch, memory));
  const parameters = collect(
    { ...parts, ...Object.fromEntries(blocks.map((block, i) => [`blocks.${i}`, block])) },
    { 'head.bias': { shape: [vocab], init: { kind: 'constant', value: 0 } } },
  );

  /** Runs ids (B, T) at the positions whose rows of the table are given; `self` says what block i's self-attention reads. */
  function run(scope: Scope, { branch, ids, positionRows, cross, crossMask, onCross }: Run, self: (i: number) => SelfAttention): Tensor {
    let h = dropout(scope, ops.add(parts.embed.call(scope.child('embed'), ids), positionRows), rate, `embed.${branch}`);
    blocks.forEach((block, i) => (h = scope.layer(() => block.call(blockScope(scope, i), h, { branch, cross: cross[i]!, crossMask, onCross, self: self(i) }))));
    return parts.norm.call(scope.child('norm'), h);
  }
  const table = (scope: Scope) => scope.child('pos').get('weight');
  const firstRows = (scope: Scope, ids: Tensor) => ops.narrow(table(scope), 0, 0, ids.shape[1]!);
  const head = (scope: Scope, hidden: Tensor): VocabularyHead => ({ hidden, weight: scope.child('embed').get('weight'), bias: scope.get('head.bias') });
  return {
    config,
    branches: Object.keys(memories),
    memories,
    parameters,
    projectMemory,
    hidden: (scope, branch, ids, memory, crossMask) =>
      run(scope, { branch, ids, positionRows: firstRows(scope, ids), cross: projectMemory(scope, branch, memory), crossMask }, () => ownPast),
    crossWeights(scope, branch, ids, memory, crossMask) {
      const weights: Tensor[] = [];
      const onCross = (ofBlock: Tensor) => void weights.push(ops.mean(ofBlock, { axes: [1] }));
      run(scope, { branch, ids, positionRows: firstRows(scope, ids), cross: projectMemory(scope, branch, memory), crossMask, onCross }, () => ownPast);
      return weights;
    },
    head,
    logits(scope, states) {
      const { hidden, weight, bias } = head(scope, states);
      return ops.add(ops.matmul(hidden, weight, { transposeB: true }), bias);
    },
    prefill(scope, branch, ids, cross, crossMask) {
      const cache: KeyValues[] = [];
      const hidden = run(scope, { branch, ids, positionRows: firstRows(scope, ids), cross, crossMask }, (i) => ({
        causal: true,
        keyValues: (fresh) => (cache[i] = fresh),
      }));
      return { hidden, cache };
    },
    step(scope, branch, ids, position, cache, cross, crossMask) {
      const [rows, capacity] = cache[0]!.keys.shape as [Dim, Dim, Dim];
      const slots = ops.reshape(ops.iota(capacity), [1, capacity]);
      const here = ops.reshape(ops.equal(slots, position), [1, capacity, 1]);
      const past = ops.broadcast(ops.sub(1, ops.less(position, slots)), [rows, capacity]);
      const written: KeyValues[] = [];
      const hidden = run(scope, { branch, ids, positionRows: ops.gather(table(scope), position), cross, crossMask }, (i) => ({
        mask: past,
        keyValues: ({ keys, values }) => (written[i] = { keys: ops.where(here, keys, cache[i]!.keys), values: ops.where(here, values, cache[i]!.values) }),
      }));
      return { hidden, cache: written };
    },
    extend(scope, branch, ids, past, cross, crossMask) {
      const position = ops.reshape(ops.cast(ops.size(past[0]!.keys.shape[1]!), 'i32'), [1]);
      const grown: KeyValues[] = [];
      const hidden = run(scope, { branch, ids, positionRows: ops.gather(table(scope), position), cross, crossMask }, (i) => ({
        keyValues: ({ keys, values }) => (grown[i] = { keys: ops.concat([past[i]!.keys, keys], 1), values: ops.concat([past[i]!.values, values], 1) }),
      }));
      return { hidden, cache: grown };
    },
  };
}

/** Every token sees those before it. */
const ownPast: SelfAttention = { causal: true, keyValues: (fresh) => fresh };

interface Run {
  branch: string;
  ids: Tensor;
  positionRows: Tensor;
  cross: readonly KeyValues[];
  crossMask: Tensor | undefined;
  onCross?: (weights: Tensor) => void;
}
