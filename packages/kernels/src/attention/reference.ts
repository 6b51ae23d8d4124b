// Attention and its gradient on the host, in float64, a row of scores at a time.
import type { Numbers } from '../kernel.ts';
import type { AttentionProblem } from './problem.ts';

function dot(x: ArrayLike<number>, xAt: number, y: ArrayLike<number>, yAt: number, length: number): number {
  let sum = 0;
  for (let e = 0; e < length; e++) sum += x[xAt + e]! * y[yAt + e]!;
  return sum;
}

function addScaled(sums: Float64Array, at: number, scale: number, x: ArrayLike<number>, xAt: number, length: number): void {
  for (let e = 0; e < length; e++) sums[at + e]! += scale * x[xAt + e]!;
}

/** Either pass. Gradients take the log-sum-exp given and compute D from `out`, as the shaders do. */
export function reference(problem: AttentionProblem, inputs: readonly Numbers[]): Numbers[] {
  const { of, batch: B, queries: T, keys: S, heads, headSize: n, scale, causal, masked } = problem;
  const [q, k, v] = inputs as [Numbers, Numbers, Numbers];
  const mask = masked ? inputs.at(-1)! : undefined;
  const D = heads * n;
  const [o, lse] = [new Float64Array(B * T * D), new Float32Array(B * heads * T)];
  const [dq, dk, dv] = [new Float64Array(B * T * D), new Float64Array(B * S * D), new Float64Array(B * S * D)];
  const scores = new Float64Array(S);
  for (let b = 0; b < B; b++)
    for (let h = 0; h < heads; h++)
      for (let t = 0; t < T; t++) {
        const qAt = (b * T + t) * D + h * n;
        const row = (b * heads + h) * T + t;
        const keys = causal ? Math.min(S, t + 1) : S;
        const kAt = (s: number) => (b * S + s) * D + h * n;
        let greatest = -1e30;
        for (let s = 0; s < keys; s++) {
          const seen = !mask || mask[b * S + s] !== 0;
          scores[s] = seen ? scale * dot(q, qAt, k, kAt(s), n) : -Infinity;
          greatest = Math.max(greatest, scores[s]!);
        }
        if (of === 'forward') {
          let total = 0;
          for (let s = 0; s < keys; s++) total += Math.exp(scores[s]! - greatest);
          total = Math.max(total, 1e-30);
          lse[row] = greatest + Math.log(total);
          for (let s = 0; s < keys; s++) addScaled(o, qAt, Math.exp(scores[s]! - greatest) / total, v, kAt(s), n);
          continue;
        }
        const [out, given, g] = [inputs[3]!, inputs[4]!, inputs[5]!];
        const d = dot(out, qAt, g, qAt, n);
        for (let s = 0; s < keys; s++) {
          const p = Math.exp(scores[s]! - given[row]!);
          const ds = p * (dot(g, qAt, v, kAt(s), n) - d) * scale;
          addScaled(dq, qAt, ds, k, kAt(s), n);
          addScaled(dk, kAt(s), ds, q, qAt, n);
          addScaled(dv, kAt(s), p, g, qAt, n);
        }
      }
  return (of === 'forward' ? [o, lse] : [dq, dk, dv]).map((x) => Float32Array.from(x));
}
