// What a 2-D cross-correlation and its two adjoints are.
import type { Epilogue } from '../matmul/problem.ts';

/** Shapes: x (B, C, H, W), weight (O, C / groups, kh, kw), y (B, O, oh, ow). `of` says what is computed from the two others. */
export interface ConvolutionProblem {
  readonly of: 'output' | 'input' | 'weight';
  readonly x: readonly [number, number, number, number];
  readonly weight: readonly [number, number, number, number];
  readonly y: readonly [number, number, number, number];
  readonly stride: readonly [number, number];
  /** Zeros above and to the left of the image; those below and to the right follow from y. */
  readonly padding: readonly [number, number];
  /** Parts that channels and outputs fall into, each convolved alone; 1 by default. */
  readonly groups?: number;
  /** Whether operands may be rounded to f16 on their way in: what lets a GPU's matrix units take them. */
  readonly half?: boolean;
  /** Steps on each element of the output before it is written, over y's shape; of the output alone. */
  readonly epilogue?: Epilogue;
}
