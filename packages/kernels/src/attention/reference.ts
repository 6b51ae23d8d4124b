// Attention and its gradient on the host, in float64, with all scores at hand.
import type { Numbers } from '../kernel.ts';
import type { AttentionProblem } from './index.ts';

/** Either pass. Gradients take the log-sum-exp given and compute D from `out`, as the shaders do. */
export function reference(problem: AttentionProblem, inputs: readonly Numbers[]): Numbers[] {
  const { of, batch: B, queries: T, keys: S, heads, headSize: n, scale, causal, masked } = problem;
  const [q, k, v] = inputs as [Numbers, Numbers, Numbers];
  const mask = masked ? inputs.at(-1)! : undefined;
  const D = heads * n;
  const [o, lse] = [new Float32Array(B * T * D), new Float32Array(B * heads * T)];
  const [dq, dk, dv] = [new Float64Array(B * T * D), new Float64Array(B * S * D), new Float64Array(B * S * D)];
  for (let b = 0; b < B; b++)
    for (let h = 0; h < heads; h++)
      for (let t = 0; t < T; t++) {
        const qAt = (b * T + t) * D + h * n;
        const row = (b * heads + h) * T + t;
        const dot = (x: ArrayLike<number>, xAt: number, y: ArrayLike<number>, yAt: number) => {
          let sum = 0;
          for (let e = 0; e < n; e++) sum += x[xAt + e]! * y[yAt + e]!;
          return sum;
        };
        const visible = Array.from({ length: S }, (_, s) => s).filter((s) => (!causal || s <= t) && (!mask || mask[b * S + s] !== 0));
        const kAt = (s: number) => (b * S + s) * D + h * n;
        const scores = visible.map((s) => scale * dot(q, qAt, k, kAt(s)));
        if (of === 'forward') {
          const greatest = scores.reduce((a, c) => Math.max(a, c), -1e30);
          const total = Math.max(
            scores.reduce((sum, score) => sum + Math.exp(score - greatest), 0),
            1e-30,
          );
          lse[row] = greatest + Math.log(total);
          for (let e = 0; e < n; e++) o[qAt + e] = visible.reduce((sum, s, i) => sum + (Math.exp(scores[i]! - greatest) / total) * v[kAt(s) + e]!, 0);
          continue;
        }
        const [out, given, g] = [inputs[3]!, inputs[4]!, inputs[5]!];
        const d = dot(out, qAt, g, qAt);
        visible.forEach((s, i) => {
          const p = Math.exp(scores[i]! - given[row]!);
          const ds = p * (dot(g, qAt, v, kAt(s)) - d) * scale;
          for (let e = 0; e < n; e++) {
            dq[qAt + e]! += ds * k[kAt(s) + e]!;
            dk[kAt(s) + e]! += ds * q[qAt + e]!;
            dv[kAt(s) + e]! += p * g[qAt + e]!;
          }
        });
      }
  return of === 'forward' ? [o, lse] : [dq, dk, dv].map((x) => Float32Array.from(x));
}
