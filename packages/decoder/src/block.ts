// One pre-LN block: causal self-attention (shared), one cross-attention per branch, feed-forward (shared); as an ablation, all of one's own.
import type { Tensor } from '@hybridmed/tensor';
import { ops } from '@hybridmed/tensor';
import type { Module, ParameterSpecs, Scope } from '@hybridmed/nn';
import { collect, dropout, layerNorm, linear } from '@hybridmed/nn';
import type { AttentionLayer, ByHead, KeyValues } from './attention.ts';
import { attentionLayer } from './attention.ts';

/** Widths of the memories by branch; null for a branch that reads none, and so has no cross-attention and no norm before it. */
export type Memories = Readonly<Record<string, number | null>>;

/** What a block needs besides its input. */
export interface BlockContext {
  readonly branch: string;
  /** The branch's memory, projected by this block's cross-attention; undefined for a branch without one. */
  readonly cross: KeyValues | undefined;
  readonly crossMask?: Tensor | undefined;
  /** Of a memory that is kept head by head. */
  readonly crossByHead?: ByHead | undefined;
  /** Gets the cross-attention's probabilities (B, heads, T, S). */
  readonly onCross?: ((weights: Tensor) => void) | undefined;
  /** What self-attention reads beside its queries. */
  readonly self: SelfAttention;
}

/** Self-attention's keys and values, made of the input's own, and which of them a query may see: those before it, or those of a mask (all without one). */
export interface SelfAttention {
  readonly keyValues: (fresh: KeyValues) => KeyValues;
  readonly causal?: boolean;
  readonly mask?: Tensor | undefined;
  readonly byHead?: ByHead | undefined;
}

/** A decoder block. */
export interface Block {
  readonly parameters: ParameterSpecs;
  /** The branch's cross-attention keys and values of a memory. The branch must have one. */
  projectMemory(scope: Scope, branch: string, memory: Tensor): KeyValues;
  /** (B, T, width) -> (B, T, width) */
  call(scope: Scope, h: Tensor, context: BlockContext): Tensor;
}

/**
 * Options of a block; `sharedCross` uses one cross-attention (and norm) for all branches, which needs memories of one width;
 * `unshared` gives each branch self-attention and feed-forward (and their norms) of its own.
 */
export interface BlockConfig {
  width: number;
  heads: number;
  memories: Memories;
  dropout?: number;
  sharedCross?: boolean;
  unshared?: boolean;
}

const epsilon = 1e-5;

/** Two linear layers with erf GELU between them, 4 times as wide inside. */
function feedForward(width: number): Module {
  const parts = { fc1: linear({ inputs: width, outputs: 4 * width }), fc2: linear({ inputs: 4 * width, outputs: width }) };
  return { parameters: collect(parts), call: (scope, x) => parts.fc2.call(scope.child('fc2'), ops.gelu(parts.fc1.call(scope.child('fc1'), x))) };
}

/** h += SA(LN h); h += XA_b(LN_b h, memory_b), which a branch without a memory skips; h += FFN(LN h), the FFN 4 times as wide with erf GELU. */
export function decoderBlock({ width, heads, memories, dropout: rate = 0, sharedCross = false, unshared = false }: BlockConfig): Block {
  const crossName = (branch: string) => (sharedCross ? 'shared' : branch);
  const crosses: Record<string, AttentionLayer> = {};
  for (const [branch, memory] of Object.entries(memories)) if (memory !== null) crosses[crossName(branch)] ??= attentionLayer({ width, heads, memory });
  // One set of the common parts serves all branches; unshared, each branch has a set under its own name.
  const ownName = (part: string, branch: string) => (unshared ? `${part}.${branch}` : part);
  const self = attentionLayer({ width, heads });
  const norm = (): Module => layerNorm({ width, epsilon });
  const common = { norm_self: norm(), norm_ffn: norm(), self_attn: self, ffn: feedForward(width) };
  const commonParts = Object.fromEntries(
    Object.keys(memories).flatMap((branch) => Object.entries(common).map(([part, module]) => [ownName(part, branch), module])),
  );
  const crossNorms = Object.fromEntries(Object.keys(crosses).map((name) => [`norm_cross.${name}`, norm()]));
  const crossParts = Object.fromEntries(Object.entries(crosses).map(([name, layer]) => [`cross_attn.${name}`, layer]));
  return {
    parameters: collect({ ...commonParts, ...crossNorms, ...crossParts }),
    projectMemory: (scope, branch, memory) => crosses[crossName(branch)]!.project(scope.child(`cross_attn.${crossName(branch)}`), memory),
    call(scope, h0, { branch, cross, crossMask, crossByHead, onCross, self: { keyValues, causal = false, mask, byHead } }) {
      const name = crossName(branch);
      const add = (h: Tensor, change: Tensor, site: string) => ops.add(h, dropout(scope, change, rate, `${site}.${branch}`));
      const own = (part: keyof typeof common) => scope.child(ownName(part, branch));
      const n = common.norm_self.call(own('norm_self'), h0);
      const selfScope = own('self_attn');
      const fresh = self.project(selfScope, n);
      const mixed = self.attend(selfScope, n, keyValues(fresh), { causal, mask, byHead });
      const h1 = add(h0, mixed, 'self');
      const readMemory = (keysAndValues: KeyValues): Tensor => {
        const queries = crossNorms[`norm_cross.${name}`]!.call(scope.child(`norm_cross.${name}`), h1);
        const crossScope = scope.child(`cross_attn.${name}`);
        onCross?.(crosses[name]!.weights(crossScope, queries, keysAndValues, crossMask));
        return add(h1, crosses[name]!.attend(crossScope, queries, keysAndValues, { mask: crossMask, byHead: crossByHead }), 'cross');
      };
      const h2 = cross ? readMemory(cross) : h1;
      return add(h2, common.ffn.call(own('ffn'), common.norm_ffn.call(own('norm_ffn'), h2)), 'ffn');
    },
  };
}
