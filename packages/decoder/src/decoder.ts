// The dual-branch decoder: one stack of blocks whose branches read different memories and write the same impression.
import type { ParameterSpecs, Scope } from '@hybridmed/nn';
import { collect } from '@hybridmed/nn';
import type { Dim, Tensor } from '@hybridmed/tensor';
import { dimProduct, HybridmedError, ops } from '@hybridmed/tensor';
import type { KeyValues } from './attention.ts';
import { splitHeads } from './attention.ts';
import type { Memories, SelfAttention } from './block.ts';
import type { CopySource, TextHead } from './pointer.ts';
import { headLogits, pointer } from './pointer.ts';
import type { DecoderConfig, MemoryTokens } from './stack.ts';
import { adaptedMemories, decoderStack } from './stack.ts';

/** A cache of self-attention keys and values of fixed capacity, head by head: one (rows, heads, capacity, width / heads) pair per block. */
export type Cache = readonly KeyValues[];

/** The decoder as functions of a scope. */
export interface Decoder {
  readonly config: DecoderConfig;
  readonly branches: readonly string[];
  readonly memories: Memories;
  readonly parameters: ParameterSpecs;
  /** Each block's cross-attention keys and values of a branch's memory (B, S, memory width). */
  projectMemory(scope: Scope, branch: string, memory: Tensor): KeyValues[];
  /**
   * Final hidden states (B, T, width) for input ids (B, T), all positions at once. `mask` (B, S) is 1 for real memory tokens. A branch that
   * reads no memory gets none.
   */
  hidden(scope: Scope, branch: string, ids: Tensor, memory: Tensor | undefined, mask?: Tensor): Tensor;
  /** Each block's cross-attention over the memory, averaged over heads, for input ids (B, T): (B, T, S) each. In evaluation mode. */
  crossWeights(scope: Scope, branch: string, ids: Tensor, memory: Tensor, mask?: Tensor): Tensor[];
  /** The same, head by head as `step` reads them: (B, heads, S, width / heads); with a mask (B, S) the values of what may not be seen are zeros. */
  splitMemory(scope: Scope, branch: string, memory: Tensor, mask?: Tensor): KeyValues[];
  /** Whether a branch copies tokens of its memory. */
  copies(branch: string): boolean;
  /** The rows (B, S, width) of the memory (B, S, memory width) of a branch that copies, as `CopySource` has them. */
  projectPointer(scope: Scope, memory: Tensor): Tensor;
  /**
   * Hidden states (..., width) with the layer that turns them into logits: the tied token embedding as its weight, and its own bias; and what
   * states (B, T, width) copy of a source.
   */
  head(scope: Scope, hidden: Tensor, source?: CopySource): TextHead;
  /** Logits (..., vocabulary) of hidden states (..., width); with a source the logarithms of the mixed probabilities. */
  logits(scope: Scope, hidden: Tensor, source?: CopySource): Tensor;
  /** Hidden states of all positions at once, and each block's self-attention keys and values (B, T, width), from which decoding resumes. */
  prefill(scope: Scope, branch: string, ids: Tensor, cross: readonly KeyValues[], mask?: Tensor): Decoded;
  /**
   * Hidden states (B, K, width) for one new token at `position` (i32 [1]) of each of K texts of a study, ids (B, K), and the cache of B * K rows
   * with them written in. `cross` has each block's `splitMemory`, which the texts of a study share, and `bias` (B, 1, 1, S) what is added to the
   * scores of its tokens.
   */
  step(scope: Scope, branch: string, ids: Tensor, position: Tensor, cache: Cache, cross: readonly KeyValues[], bias?: Tensor): Decoded;
  /** Hidden states (B, 1, width) for one new token per row (B, 1) after a past of P tokens (B, P, width), and the past with it, P + 1 long. */
  extend(scope: Scope, branch: string, ids: Tensor, past: readonly KeyValues[], cross: readonly KeyValues[], mask?: Tensor): Decoded;
}

/** Final hidden states, and keys and values of self-attention by block. */
export interface Decoded {
  readonly hidden: Tensor;
  readonly cache: KeyValues[];
}

/** The branch that copies, where there is a pointer: the memory of the other one has no tokens of the vocabulary. */
const copyingBranch = 'findings';

/** Every token attends to those before it. */
const ownPast: SelfAttention = { causal: true, keyValues: (fresh) => fresh };

const far = -1e30;

/** The past as written into a cache of fixed capacity: the new tokens' keys and values go where `position` says, and slots after it are not seen. */
function writeAt(position: Tensor, cache: Cache, heads: number): { readonly cache: KeyValues[]; readonly self: (block: number) => SelfAttention } {
  const capacity = cache[0]!.keys.shape[2]!;
  const slots = ops.reshape(ops.iota(capacity), [1, capacity]);
  const here = ops.reshape(ops.equal(slots, position), [1, 1, capacity, 1]);
  const bias = ops.reshape(ops.mul(ops.less(position, slots), far), [1, 1, 1, capacity]);
  const next: KeyValues[] = [];
  const written = (fresh: Tensor, kept: Tensor): Tensor => {
    const [studies, texts, width] = fresh.shape as [Dim, Dim, number];
    return ops.where(here, splitHeads(ops.reshape(fresh, [dimProduct([studies, texts]), 1, width]), heads), kept);
  };
  return {
    cache: next,
    self: (block) => ({
      byHead: { own: true, bias },
      keyValues: ({ keys, values }) => (next[block] = { keys: written(keys, cache[block]!.keys), values: written(values, cache[block]!.values) }),
    }),
  };
}

/**
 * Builds a decoder over memories of the given widths by branch; `tokens` are those of the memories that have adapters. Throws a
 * HybridmedError when `sharedCross` meets memories of different widths.
 */
export function dualBranchDecoder(config: DecoderConfig, memories: Memories, tokens: MemoryTokens = {}): Decoder {
  if (config.sharedCross && new Set(Object.values(adaptedMemories(config, memories)).filter((memory) => memory !== null)).size > 1)
    throw new HybridmedError(`decoder.sharedCross needs memories of one width, not ${JSON.stringify(memories)}; give both encoders one width`);
  const { parameters, projectMemory, head: vocabularyHead, run, firstPositions, positionsAt } = decoderStack(config, memories, tokens);
  const copier = config.pointer ? pointer({ width: config.width, memory: memories[copyingBranch]! }) : undefined;
  const head = (scope: Scope, hidden: Tensor, source?: CopySource): TextHead => ({
    ...vocabularyHead(scope, hidden),
    ...(source ? { copying: copier!.copying(scope.child('pointer'), hidden, source) } : {}),
  });
  return {
    config,
    branches: Object.keys(memories),
    memories,
    parameters: copier ? { ...parameters, ...collect({ pointer: copier }) } : parameters,
    copies: (branch) => copier !== undefined && branch === copyingBranch,
    projectPointer: (scope, memory) => copier!.project(scope.child('pointer'), memory),
    projectMemory,
    splitMemory(scope, branch, memory, mask) {
      const seen = mask && ops.reshape(mask, [...mask.shape, 1]);
      const split = (x: Tensor) => splitHeads(x, config.heads);
      return projectMemory(scope, branch, memory).map(({ keys, values }) => ({ keys: split(keys), values: split(seen ? ops.mul(values, seen) : values) }));
    },
    hidden(scope, branch, ids, memory, crossMask) {
      if ((memory === undefined) !== (memories[branch] === null))
        throw new HybridmedError(`decoder.hidden: branch "${branch}" ${memory ? 'reads no memory; give none' : 'reads a memory; give it'}`);
      const cross = memory ? projectMemory(scope, branch, memory) : [];
      return run(scope, { branch, ids, positionRows: firstPositions(scope, ids), cross, crossMask }, () => ownPast);
    },
    crossWeights(scope, branch, ids, memory, crossMask) {
      const weights: Tensor[] = [];
      const onCross = (ofBlock: Tensor) => void weights.push(ops.mean(ofBlock, { axes: [1] }));
      run(scope, { branch, ids, positionRows: firstPositions(scope, ids), cross: projectMemory(scope, branch, memory), crossMask, onCross }, () => ownPast);
      return weights;
    },
    head,
    logits: (scope, hidden, source) => headLogits(head(scope, hidden, source)),
    prefill(scope, branch, ids, cross, crossMask) {
      const cache: KeyValues[] = [];
      const hidden = run(scope, { branch, ids, positionRows: firstPositions(scope, ids), cross, crossMask }, (i) => ({
        causal: true,
        keyValues: (fresh) => (cache[i] = fresh),
      }));
      return { hidden, cache };
    },
    step(scope, branch, ids, position, cache, cross, bias) {
      const written = writeAt(position, cache, config.heads);
      const hidden = run(scope, { branch, ids, positionRows: positionsAt(scope, position), cross, crossByHead: { own: false, bias } }, written.self);
      return { hidden, cache: written.cache };
    },
    extend(scope, branch, ids, past, cross, crossMask) {
      const position = ops.reshape(ops.cast(ops.size(past[0]!.keys.shape[1]!), 'i32'), [1]);
      const cache: KeyValues[] = [];
      const hidden = run(scope, { branch, ids, positionRows: positionsAt(scope, position), cross, crossMask }, (i) => ({
        keyValues: ({ keys, values }) => (cache[i] = { keys: ops.concat([past[i]!.keys, keys], 1), values: ops.concat([past[i]!.values, values], 1) }),
      }));
      return { hidden, cache };
    },
  };
}

/** Width of a branch's memory. Throws a HybridmedError for a branch that reads none. */
export function memoryWidth({ memories }: Pick<Decoder, 'memories'>, branch: string): number {
  const width = memories[branch];
  if (width === null || width === undefined) throw new HybridmedError(`decoder: branch "${branch}" reads no memory; decode another branch`);
  return width;
}
