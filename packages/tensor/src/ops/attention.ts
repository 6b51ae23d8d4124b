// Scaled dot-product attention over (B, T, D) with heads split inside, its gradient from log-sum-exp, and attention weights for chosen rows.
import type { Dim } from '../dim.ts';
import { sameShape } from '../dim.ts';
import type { TensorSpec } from '../spec.ts';
import type { Tensor } from '../node.ts';
import { add, div, exp, less, log, maximum, mul, sub, where } from './elementwise.ts';
import { reshape, transpose } from './movement.ts';
import { matmul } from './contractions.ts';
import { max, sum } from './reductions.ts';
import { iota } from './sources.ts';
import { apply } from './op-row.ts';
import type { OpRow } from './op-row.ts';
import type { OpAttributes } from './attributes.ts';

export interface Attention {
  /** Number of heads; the width is split evenly. */
  readonly heads: number;
  /** Query i sees keys 0..i only. */
  readonly causal: boolean;
  /** Factor on the scores, by convention 1/sqrt(head size). */
  readonly scale: number;
  /** True where the inputs end with a key mask (B, S), 1 for keys that may be seen. */
  readonly masked: boolean;
}

declare module './attributes.ts' {
  interface OpAttributes {
    attention: Attention;
    attentionGrad: Attention;
  }
}

/** Options of attention. `mask` (B, S) f32 is 1 for keys that may be seen; `scale` is 1/sqrt(head size) by default. */
export interface AttentionOptions {
  heads: number;
  causal?: boolean;
  mask?: Tensor;
  scale?: number;
}

/**
 * softmax(scale Q K^T) V per head: q (B, T, D), k (B, S, D), v (B, S, D) -> (B, T, D) [Vaswani et al. 2017].
 * A row that may see no key gives zeros. Memory is linear in tokens on devices with a kernel for it.
 */
export function attention(q: Tensor, k: Tensor, v: Tensor, options: AttentionOptions): Tensor {
  return apply('attention', [q, k, v, ...(options.mask ? [options.mask] : [])], attributesOf(q, options))[0]!;
}

/** The attention probabilities of queries (B, R, D) over keys (B, S, D): (B, heads, R, S). For maps and importance, where R is small. */
export function attentionWeights(q: Tensor, k: Tensor, options: AttentionOptions): Tensor {
  const { heads, causal, scale } = attributesOf(q, options);
  const { scores, seen } = maskedScores(q, k, options.mask, { heads, causal, scale });
  const e = where(seen, exp(sub(scores, max(scores, { axes: [-1], keepDims: true }))), 0);
  return div(e, maximum(sum(e, { axes: [-1], keepDims: true }), smallest));
}

const lowest = -1e30;
const smallest = 1e-30;

function attributesOf(q: Tensor, { heads, causal = false, mask, scale }: AttentionOptions): OpAttributes['attention'] {
  const headSize = (q.shape.at(-1) as number) / heads;
  return { heads, causal, scale: scale ?? 1 / Math.sqrt(headSize), masked: mask !== undefined };
}

/** (B, T, D) -> (B, heads, T, D / heads) */
function splitHeads(x: Tensor, heads: number): Tensor {
  const [b, t, d] = x.shape as [Dim, Dim, number];
  return transpose(reshape(x, [b, t, heads, d / heads]), [0, 2, 1, 3]);
}

/** (B, heads, T, d) -> (B, T, heads * d) */
function mergeHeads(x: Tensor): Tensor {
  const [b, h, t, d] = x.shape as [Dim, number, Dim, number];
  return reshape(transpose(x, [0, 2, 1, 3]), [b, t, h * d]);
}

/** Scores (B, heads, T, S), `lowest` where a key may not be seen, and what may be seen, broadcastable to them. */
function maskedScores(q: Tensor, k: Tensor, mask: Tensor | undefined, { heads, causal, scale }: Pick<OpAttributes['attention'], 'heads' | 'causal' | 'scale'>) {
  const scores = mul(matmul(splitHeads(q, heads), splitHeads(k, heads), { transposeB: true }), scale);
  const [b, , t, s] = scores.shape as [Dim, number, Dim, Dim];
  let visible: Tensor | undefined = mask ? reshape(mask, [b, 1, 1, s]) : undefined;
  if (causal) {
    const past = reshape(sub(1, less(reshape(iota(t), [t, 1]), reshape(iota(s), [1, s]))), [1, 1, t, s]);
    visible = visible ? mul(visible, past) : past;
  }
  const all = visible ?? reshape(sub(1, less(iota(s), 0)), [1, 1, 1, s]);
  return { scores: visible ? where(visible, scores, lowest) : scores, seen: all };
}

function inferAttention(inputs: readonly TensorSpec[], { heads, masked }: OpAttributes['attention'], fail: (problem: string) => never): void {
  const [q, k, v] = inputs as [TensorSpec, TensorSpec, TensorSpec];
  const width = q.shape[2];
  if (q.shape.length !== 3 || k.shape.length !== 3 || typeof width !== 'number') fail('q is (B, T, D), k and v (B, S, D)');
  if (!sameShape(k.shape, v.shape) || k.shape[0] !== q.shape[0] || k.shape[2] !== width) fail('k and v need the batch and width of q, and one length');
  if ((width as number) % heads !== 0) fail(`${heads} heads do not divide the width ${width}`);
  if (masked && !sameShape(inputs.at(-1)!.shape, k.shape.slice(0, 2))) fail('the mask is (B, S), f32');
}

/** Rows of attention. */
export const attentionRows = {
  attention: {
    documentation: 'q (B, T, D), k (B, S, D), v (B, S, D), optional mask (B, S) -> out (B, T, D), log-sum-exp of the scores (B, heads, T).',
    infer: (inputs, attributes, fail) => {
      inferAttention(inputs, attributes, fail);
      const q = inputs[0]!;
      return [
        { shape: q.shape, dtype: 'f32' },
        { shape: [q.shape[0]!, attributes.heads, q.shape[1]!], dtype: 'f32' },
      ];
    },
    gradient: (node, [dout, dlse]) => {
      if (dlse) throw new Error('attention: no gradient through its log-sum-exp');
      const [q, k, v, mask] = node.inputs;
      const [out, lse] = node.outputs;
      const [dq, dk, dv] = apply('attentionGrad', [q!, k!, v!, out!, lse!, dout!, ...(mask ? [mask] : [])], node.attributes);
      return [dq, dk, dv, undefined];
    },
    definition: ([q, k, v, mask], attributes) => {
      const { scores, seen } = maskedScores(q!, k!, mask, attributes);
      const greatest = max(scores, { axes: [-1], keepDims: true });
      const e = where(seen, exp(sub(scores, greatest)), 0);
      const total = maximum(sum(e, { axes: [-1], keepDims: true }), smallest);
      const out = mergeHeads(matmul(div(e, total), splitHeads(v!, attributes.heads)));
      const lse = add(log(total), greatest);
      return [out, reshape(lse, lse.shape.slice(0, 3))];
    },
  } satisfies OpRow<'attention'>,
  attentionGrad: {
    documentation:
      'q, k, v, out, lse, dout, optional mask -> dq, dk, dv: P = exp(scores - lse), D = rowsum(dout * out), dS = P * (dout V^T - D) [Dao et al. 2022].',
    infer: (inputs) => inputs.slice(0, 3).map(({ shape }) => ({ shape, dtype: 'f32' as const })),
    gradient: 'definition',
    definition: ([q, k, v, out, lse, dout, mask], attributes) => {
      const { heads, scale } = attributes;
      const { scores, seen } = maskedScores(q!, k!, mask, attributes);
      const p = where(seen, exp(sub(scores, reshape(lse!, [...lse!.shape, 1]))), 0);
      const go = splitHeads(dout!, heads);
      const rowSum = sum(mul(go, splitHeads(out!, heads)), { axes: [-1], keepDims: true });
      const ds = mul(mul(p, sub(matmul(go, splitHeads(v!, heads), { transposeB: true }), rowSum)), scale);
      return [
        mergeHeads(matmul(ds, splitHeads(k!, heads))),
        mergeHeads(matmul(ds, splitHeads(q!, heads), { transposeA: true })),
        mergeHeads(matmul(p, go, { transposeA: true })),
      ];
    },
  } satisfies OpRow<'attentionGrad'>,
};
