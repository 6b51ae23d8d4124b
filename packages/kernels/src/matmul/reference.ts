// Matrix products on the host, sums in float64.
import type { Numbers } from '../kernel.ts';
import { sizeOf, stridesOf } from '../kernel.ts';
import { reference as chain } from '../map/reference.ts';
import type { Epilogue, MatmulProblem } from './problem.ts';

function dot(row: Float64Array, b: Numbers, at: number): number {
  let sum = 0;
  for (let p = 0; p < row.length; p++) sum += row[p]! * b[at + p]!;
  return sum;
}

function addScaled(sums: Float64Array, scale: number, b: Numbers, at: number): void {
  for (let j = 0; j < sums.length; j++) sums[j]! += scale * b[at + j]!;
}

/** Every sizeOf of the batch, then the epilogue. */
export function reference(problem: MatmulProblem, [a, b, ...extra]: readonly [Numbers, Numbers, ...Numbers[]]): Numbers[] {
  const { m, n, k, transposeA, transposeB, lead, leadA, leadB, epilogue } = problem;
  const batch = sizeOf(lead);
  const out = new Float32Array(batch * m * n);
  for (let index = 0; index < batch; index++) {
    let [rest, startA, startB] = [index, 0, 0];
    for (let axis = lead.length - 1; axis >= 0; axis--) {
      const c = rest % lead[axis]!;
      rest = Math.floor(rest / lead[axis]!);
      startA += c * leadA[axis]! * m * k;
      startB += c * leadB[axis]! * k * n;
    }
    // A row of A times all of B, along B's own rows: whatever the flags, the inner loop reads memory in order.
    for (let i = 0; i < m; i++) {
      const row = Float64Array.from({ length: k }, (_, p) => a[startA + (transposeA ? p * m + i : i * k + p)]!);
      const sums = new Float64Array(n);
      if (transposeB) for (let j = 0; j < n; j++) sums[j] = dot(row, b, startB + j * k);
      else for (let p = 0; p < k; p++) addScaled(sums, row[p]!, b, startB + p * n);
      out.set(sums, (index * m + i) * n);
    }
  }
  return [finished(out, epilogue, extra)];
}

/** A result after its epilogue. */
export function finished(out: Float32Array, epilogue: Epilogue | undefined, extra: readonly Numbers[]): Numbers {
  if (!epilogue) return out;
  const { shape, inputs, steps } = epilogue;
  const dense = { type: 'f32' as const, length: out.length, offset: 0, strides: stridesOf(shape) };
  return chain({ shape, inputs: [dense, ...inputs], steps, output: dense }, [out, ...extra])[0]!;
}
