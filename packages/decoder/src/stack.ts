// The decoder's layers: embeddings of tokens and positions, blocks, the last norm and the tied output. What self-attention reads is the caller's.
import type { Module, ParameterSpecs, Scope } from '@hybridmed/nn';
import { collect, dropout, embedding, layerNorm } from '@hybridmed/nn';
import type { Tensor, VocabularyHead } from '@hybridmed/tensor';
import { ops } from '@hybridmed/tensor';
import type { ByHead, KeyValues } from './attention.ts';
import type { Memories, SelfAttention } from './block.ts';
import { decoderBlock } from './block.ts';
import { memoryAdapter } from './memory-adapter.ts';

/** Sizes of a decoder. */
export interface DecoderConfig {
  vocabularySize: number;
  width: number;
  depth: number;
  heads: number;
  /** Max tokens it can read or write. */
  positions: number;
  dropout?: number;
  /** Ablation: one cross-attention for all branches instead of one each; needs memories of one width. */
  sharedCross?: boolean;
  /** Ablation: each branch has self-attention and feed-forward layers of its own, `blocks.I.{norm_self,self_attn,norm_ffn,ffn}.BRANCH` in checkpoints. */
  unshared?: boolean;
  /** An adapter between the image memory and the cross-attentions, `adapter.image.*` in checkpoints. */
  imageAdapter?: boolean;
  /** Whether the branch that reads findings may copy their tokens: parameters `pointer.*`. */
  pointer?: boolean;
}

/** Max numbers of tokens of memories by branch, which an adapter needs. */
export type MemoryTokens = Readonly<Record<string, number>>;

/** What the layers run on. */
interface StackInputs {
  readonly branch: string;
  /** (B, T) */
  readonly ids: Tensor;
  /** The rows of the table of positions that the ids have. */
  readonly positionRows: Tensor;
  /** Each block's cross-attention keys and values of the memory; empty for a branch without one. */
  readonly cross: readonly KeyValues[];
  readonly crossMask?: Tensor | undefined;
  /** Of memories that are kept head by head. */
  readonly crossByHead?: ByHead;
  readonly onCross?: (weights: Tensor) => void;
}

/** The layers as functions of a scope. */
export interface DecoderStack {
  readonly parameters: ParameterSpecs;
  projectMemory(scope: Scope, branch: string, memory: Tensor): KeyValues[];
  /** Hidden states (B, T, width); `self` says what block i's self-attention reads. */
  run(scope: Scope, inputs: StackInputs, self: (block: number) => SelfAttention): Tensor;
  head(scope: Scope, hidden: Tensor): VocabularyHead;
  /** Rows of the first T positions for ids (B, T). */
  firstPositions(scope: Scope, ids: Tensor): Tensor;
  /** The row of a position (i32 [1]). */
  positionsAt(scope: Scope, position: Tensor): Tensor;
}

/** The adapters of a decoder by branch: that of images, where there are any. */
function adaptersOf({ imageAdapter = false, width, dropout: rate = 0 }: DecoderConfig, memories: Memories, tokens: MemoryTokens): Record<string, Module> {
  const memory = memories['image'];
  return imageAdapter && memory ? { image: memoryAdapter({ memory, width, tokens: tokens['image']!, dropout: rate }) } : {};
}

/** Widths of the memories as cross-attentions read them. */
export const adaptedMemories = ({ imageAdapter, width }: DecoderConfig, memories: Memories): Memories =>
  imageAdapter && memories['image'] ? { ...memories, image: width } : memories;

/** The layers of a decoder over memories of the given widths by branch. */
export function decoderStack(config: DecoderConfig, memories: Memories, tokens: MemoryTokens = {}): DecoderStack {
  const { vocabularySize, width, depth, heads, positions, dropout: rate = 0, sharedCross = false, unshared = false } = config;
  const adapters = adaptersOf(config, memories, tokens);
  const read = adaptedMemories(config, memories);
  const blocks = Array.from({ length: depth }, () => decoderBlock({ width, heads, memories: read, dropout: rate, sharedCross, unshared }));
  const parts = {
    embed: embedding({ rows: vocabularySize, width }),
    pos: embedding({ rows: positions, width, decay: false }),
    norm: layerNorm({ width, epsilon: 1e-5 }),
  };
  const blockScope = (scope: Scope, i: number) => scope.child(`blocks.${i}`);
  const positionTable = (scope: Scope) => scope.child('pos').get('weight');
  return {
    parameters: collect(
      {
        ...parts,
        ...Object.fromEntries(Object.entries(adapters).map(([branch, adapter]) => [`adapter.${branch}`, adapter])),
        ...Object.fromEntries(blocks.map((block, i) => [`blocks.${i}`, block])),
      },
      { 'head.bias': { shape: [vocabularySize], init: { kind: 'constant', value: 0 } } },
    ),
    projectMemory(scope, branch, memory) {
      const adapted = adapters[branch]?.call(scope.child(`adapter.${branch}`), memory) ?? memory;
      return blocks.map((block, i) => block.projectMemory(blockScope(scope, i), branch, adapted));
    },
    run(scope, { branch, ids, positionRows, cross, crossMask, crossByHead, onCross }, self) {
      let h = dropout(scope, ops.add(parts.embed.call(scope.child('embed'), ids), positionRows), rate, `embed.${branch}`);
      blocks.forEach(
        (block, i) => (h = scope.layer(() => block.call(blockScope(scope, i), h, { branch, cross: cross[i], crossMask, crossByHead, onCross, self: self(i) }))),
      );
      return parts.norm.call(scope.child('norm'), h);
    },
    head: (scope, hidden) => ({ hidden, weight: scope.child('embed').get('weight'), bias: scope.get('head.bias') }),
    firstPositions: (scope, ids) => ops.narrow(positionTable(scope), 0, 0, ids.shape[1]!),
    positionsAt: (scope, position) => ops.gather(positionTable(scope), position),
  };
}
