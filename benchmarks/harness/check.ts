// Inputs that are the same for every engine, and the error of an engine's outputs.
import type { ArraySpec, KernelCase, Numbers } from '@hybridmed/kernels';
import { fromHalf, toHalf } from '@hybridmed/kernels';

/** The case's own input, else deterministic noise in [-1, 1). */
export function inputOf({ input }: KernelCase<unknown>, spec: ArraySpec, index: number): Numbers {
  const ownInput = input?.(spec);
  if (ownInput) return ownInput;
  const noise = (i: number) => (Math.sin((i + 1) * 12.9898 + index * 78.233) * 43758.5453) % 1;
  if (spec.type === 'i32') return Int32Array.from({ length: spec.length }, (_, i) => (i * 31) % 7);
  const numbers = Float32Array.from({ length: spec.length }, (_, i) => noise(i));
  // The reference reads what is stored.
  return spec.type === 'f16' ? fromHalf(toHalf(numbers)) : numbers;
}

/** The maximum difference over all outputs, each relative to its reference's maximum; Infinity if one is missing, too short or not a number. */
export function relativeError(ours: readonly Numbers[], theirs: readonly Numbers[]): number {
  let worst = 0;
  theirs.forEach((expected, output) => {
    const actual = ours[output];
    let [difference, scale] = [actual?.length === expected.length ? 0 : Infinity, 0];
    for (let i = 0; i < expected.length && difference < Infinity; i++) {
      const d = Math.abs(actual![i]! - expected[i]!);
      if (d > difference || Number.isNaN(d)) difference = Number.isNaN(d) ? Infinity : d;
      scale = Math.max(scale, Math.abs(expected[i]!));
    }
    worst = Math.max(worst, difference === 0 ? 0 : difference / scale);
  });
  return worst;
}
