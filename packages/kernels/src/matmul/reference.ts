// Matrix products on the host, sums in float64.
import type { Numbers } from '../kernel.ts';
import { product } from '../kernel.ts';
import type { MatmulProblem } from './index.ts';

/** Every product of the batch. */
export function reference({ m, n, k, transposeA, transposeB, lead, leadA, leadB }: MatmulProblem, a: Numbers, b: Numbers): Numbers[] {
  const batch = product(lead);
  const out = new Float32Array(batch * m * n);
  for (let index = 0; index < batch; index++) {
    let [rest, startA, startB] = [index, 0, 0];
    for (let axis = lead.length - 1; axis >= 0; axis--) {
      const c = rest % lead[axis]!;
      rest = Math.floor(rest / lead[axis]!);
      startA += c * leadA[axis]! * m * k;
      startB += c * leadB[axis]! * k * n;
    }
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) {
        let sum = 0;
        for (let p = 0; p < k; p++) sum += a[startA + (transposeA ? p * m + i : i * k + p)]! * b[startB + (transposeB ? j * k + p : p * n + j)]!;
        out[(index * m + i) * n + j] = sum;
      }
    }
  }
  return [out];
}
