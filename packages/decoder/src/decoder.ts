// The dual-branch decoder: one stack of blocks whose branches read different memories and write the same impression.
import type { Dim, Tensor } from '@hybridmed/tensor';
import { HybridmedError, ops } from '@hybridmed/tensor';
import type { ParameterSpecs, Scope } from '@hybridmed/nn';
import { collect, dropout, embedding, layerNorm } from '@hybridmed/nn';
import type { KeyValues } from './attention.ts';
import type { Block, Memories } from './block.ts';
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
  /** Logits (..., vocab) of hidden states (..., width), through the tied token embedding. */
  logits(scope: Scope, hidden: Tensor): Tensor;
  /** Hidden states (B, 1, width) for one new token per row (B, 1) at `position` (i32 [1]), and the cache with it written in. */
  step(
    scope: Scope,
    branch: string,
    ids: Tensor,
    position: Tensor,
    cache: Cache,
    cross: readonly KeyValues[],
    mask?: Tensor,
  ): { hidden: Tensor; cache: KeyValues[] };
}

/** Builds a decoder over memories of the given widths by branch. Throws a HybridmedError when `sharedCross` meets memories of different widths. */
export function dualBranchDecoder(config: DecoderConfig, memories: Memories): Decoder {
  const { vocab, width, depth, heads, positions, dropout: rate = 0, sharedCross = false } = config;
  if (sharedCross && new Set(Object.values(memories)).size > 1)
    throw new HybridmedError(`decoder.sharedCross needs memories of one width, not ${JSON.stringify(memories)}; give both encoders one width`);
  const blocks: Block[] = Array.from({ length: depth }, () => decoderBlock({ width, heads, memories, dropout: rate, sharedCross }));
  const parts = {
    embed: embedding({ rows: vocab, width }),
    pos: embedding({ rows: positions, width, decay: false }),
    norm: layerNorm({ width, epsilon: 1e-5 }),
  };
  const blockScope = (scope: Scope, i: number) => scope.child(`blocks.${i}`);
  const embed = (scope: Scope, ids: Tensor, positionRows: Tensor, branch: string) =>
    dropout(scope, ops.add(parts.embed.call(scope.child('embed'), ids), positionRows), rate, `embed.${branch}`);
  const projectMemory = (scope: Scope, branch: string, memory: Tensor) => blocks.map((block, i) => block.projectMemory(blockScope(scope, i), branch, memory));
  return {
    config,
    branches: Object.keys(memories),
    memories,
    parameters: collect(
      { ...parts, ...Object.fromEntries(blocks.map((block, i) => [`blocks.${i}`, block])) },
      { 'head.bias': { shape: [vocab], init: { kind: 'constant', value: 0 } } },
    ),
    projectMemory,
    hidden(scope, branch, ids, memory, mask) {
      const cross = projectMemory(scope, branch, memory);
      let h = embed(scope, ids, ops.narrow(scope.child('pos').get('weight'), 0, 0, ids.shape[1]!), branch);
      blocks.forEach((block, i) => (h = scope.layer(() => block.call(blockScope(scope, i), h, { branch, cross: cross[i]!, crossMask: mask }))));
      return parts.norm.call(scope.child('norm'), h);
    },
    logits: (scope, hidden) => ops.add(ops.matmul(hidden, scope.child('embed').get('weight'), { transposeB: true }), scope.get('head.bias')),
    step(scope, branch, ids, position, cache, cross, mask) {
      const [rows, capacity] = cache[0]!.keys.shape as [Dim, Dim, Dim];
      const slots = ops.reshape(ops.iota(capacity), [1, capacity]);
      const here = ops.reshape(ops.equal(slots, position), [1, capacity, 1]);
      const past = ops.broadcast(ops.sub(1, ops.less(position, slots)), [rows, capacity]);
      const written: KeyValues[] = [];
      let h = embed(scope, ids, ops.gather(scope.child('pos').get('weight'), position), branch);
      blocks.forEach((block, i) => {
        const keyValues = (fresh: KeyValues) =>
          (written[i] = { keys: ops.where(here, fresh.keys, cache[i]!.keys), values: ops.where(here, fresh.values, cache[i]!.values) });
        h = block.call(blockScope(scope, i), h, { branch, cross: cross[i]!, crossMask: mask, cache: { keyValues, mask: past } });
      });
      return { hidden: parts.norm.call(scope.child('norm'), h), cache: written };
    },
  };
}
