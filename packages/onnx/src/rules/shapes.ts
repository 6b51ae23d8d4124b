// Comparison of symbolic shapes.
import type { Shape } from '@hybridmed/tensor';

/** Two shapes with the same dimensions in the same order. */
export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dim, axis) => dim === b[axis]);
}
