// Inputs that are the same for every engine, and how far an engine's outputs are from the reference.
import type { ArraySpec, KernelCase, Numbers } from '@hybridmed/kernels';

/** Numbers in [-1, 1) that look random and are the same everywhere, where the case gives none of its own. */
export function inputOf({ input }: KernelCase<unknown>, spec: ArraySpec, index: number): Numbers {
  const given = input?.(spec);
  if (given) return given;
  const noise = (i: number) => (Math.sin((i + 1) * 12.9898 + index * 78.233) * 43758.5453) % 1;
  return spec.type === 'i32'
    ? Int32Array.from({ length: spec.length }, (_, i) => (i * 31) % 7)
    : Float32Array.from({ length: spec.length }, (_, i) => noise(i));
}

/** The greatest difference over all outputs, each relative to its reference's greatest number; Infinity where one is missing, short or not a number. */
export function relativeError(ours: readonly Numbers[], theirs: readonly Numbers[]): number {
  let worst = 0;
  theirs.forEach((expected, output) => {
    const given = ours[output];
    let [difference, scale] = [given?.length === expected.length ? 0 : Infinity, 0];
    for (let i = 0; i < expected.length && difference < Infinity; i++) {
      const d = Math.abs(given![i]! - expected[i]!);
      if (d > difference || Number.isNaN(d)) difference = Number.isNaN(d) ? Infinity : d;
      scale = Math.max(scale, Math.abs(expected[i]!));
    }
    worst = Math.max(worst, difference === 0 ? 0 : difference / scale);
  });
  return worst;
}
