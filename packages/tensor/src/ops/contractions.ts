// Contractions: matrix products with transpose flags, and 2-D convolution with its two adjoints as ops of their own.
import type { Dim } from '../dim.ts';
import { broadcastShapes, dimProduct } from '../dim.ts';
import type { Tensor } from '../node.ts';
import { reshape } from './movement.ts';
import { sumTo } from './sum-to.ts';
import { applyOne } from './op-row.ts';
import type { OpRow } from './op-row.ts';

export interface Convolution {
  /** Steps along height and width. */
  readonly stride: readonly [number, number];
  /** Zeros added on both sides of height and width. */
  readonly padding: readonly [number, number];
}

declare module './attributes.ts' {
  interface OpAttributes {
    matmul: { readonly transposeA: boolean; readonly transposeB: boolean };
    conv2d: Convolution;
    conv2dGradInput: Convolution & { readonly size: readonly [Dim, Dim] };
    conv2dGradWeight: Convolution & { readonly kernel: readonly [number, number] };
  }
}

/** Transpose flags of a matrix product: whether the last two axes of an operand are read swapped. */
export interface MatmulOptions {
  transposeA?: boolean;
  transposeB?: boolean;
}

/**
 * Matrix product over the last two axes, leading axes broadcast: (..., M, K) x (..., K, N) -> (..., M, N).
 * A 2-D right operand folds the left one's leading axes into rows, so that its gradient is one product.
 */
export function matmul(a: Tensor, b: Tensor, { transposeA = false, transposeB = false }: MatmulOptions = {}): Tensor {
  if (b.shape.length === 2 && a.shape.length > 2 && !transposeA) {
    const lead = a.shape.slice(0, -1);
    const rows = reshape(a, [dimProduct(lead), a.shape.at(-1)!]);
    const product = matmul(rows, b, { transposeB });
    return reshape(product, [...lead, product.shape.at(-1)!]);
  }
  return applyOne('matmul', [a, b], { transposeA, transposeB });
}

/** Options of a convolution: steps and zero padding along height and width. */
export interface ConvolutionOptions {
  stride?: readonly [number, number];
  padding?: readonly [number, number];
}

/** 2-D cross-correlation: x (B, C, H, W), weight (O, C, kh, kw) -> (B, O, H', W'), H' = floor((H + 2 p - kh) / s) + 1. */
export const conv2d = (x: Tensor, weight: Tensor, { stride = [1, 1], padding = [0, 0] }: ConvolutionOptions = {}): Tensor =>
  applyOne('conv2d', [x, weight], { stride, padding });

/** Output size of a convolution along one axis. */
function outputSize(dim: Dim, kernel: number, stride: number, padding: number, fail: (problem: string) => never): number {
  if (typeof dim !== 'number') return fail('height and width must be numbers');
  const size = Math.floor((dim + 2 * padding - kernel) / stride) + 1;
  return size >= 0 ? size : fail(`a kernel of ${kernel} does not fit in ${dim} with padding ${padding}`);
}

/** Rows of the contractions. */
export const contractionRows = {
  matmul: {
    documentation: 'Matrix product over the last two axes (each optionally read transposed); leading axes broadcast.',
    infer: ([a, b], { transposeA, transposeB }, fail) => {
      if (a!.dtype !== 'f32' || b!.dtype !== 'f32') fail('takes f32');
      if (a!.shape.length < 2 || b!.shape.length < 2) fail('both operands need two axes');
      const [m, k] = transposeA ? [a!.shape.at(-1)!, a!.shape.at(-2)!] : [a!.shape.at(-2)!, a!.shape.at(-1)!];
      const [k2, n] = transposeB ? [b!.shape.at(-1)!, b!.shape.at(-2)!] : [b!.shape.at(-2)!, b!.shape.at(-1)!];
      if (k !== k2) fail(`inner sizes ${k} and ${k2} differ${transposeA || transposeB ? ` (transposeA ${transposeA}, transposeB ${transposeB})` : ''}`);
      const lead = broadcastShapes(a!.shape.slice(0, -2), b!.shape.slice(0, -2)) ?? fail('leading axes do not broadcast');
      return [{ shape: [...lead, m, n], dtype: 'f32' }];
    },
    // With A' = A or A^T and C = A' B': dA' = dC B'^T, dB' = A'^T dC; a transposed operand gets the transposed product.
    gradient: ({ inputs: [a, b], attributes: { transposeA: ta, transposeB: tb } }, [dy]) => {
      const product = (left: Tensor, right: Tensor, transposeA: boolean, transposeB: boolean) => applyOne('matmul', [left, right], { transposeA, transposeB });
      const da = ta ? product(b!, dy!, tb, true) : product(dy!, b!, false, !tb);
      const db = tb ? product(dy!, a!, true, ta) : product(a!, dy!, !ta, false);
      return [sumTo(da, a!.shape), sumTo(db, b!.shape)];
    },
  } satisfies OpRow<'matmul'>,
  conv2d: {
    documentation: "2-D cross-correlation: x (B, C, H, W), weight (O, C, kh, kw) -> (B, O, H', W').",
    infer: ([x, weight], { stride, padding }, fail) => {
      const [b, c, h, w] = x!.shape;
      const [o, c2, kh, kw] = weight!.shape;
      if (x!.shape.length !== 4 || weight!.shape.length !== 4 || c !== c2) fail('x is (B, C, H, W), weight (O, C, kh, kw)');
      if (typeof kh !== 'number' || typeof kw !== 'number') return fail('the kernel size must be numbers');
      return [{ shape: [b!, o!, outputSize(h!, kh, stride[0], padding[0], fail), outputSize(w!, kw, stride[1], padding[1], fail)], dtype: 'f32' }];
    },
    gradient: ({ inputs: [x, weight], attributes }, [dy]) => [
      applyOne('conv2dGradInput', [dy!, weight!], { ...attributes, size: [x!.shape[2]!, x!.shape[3]!] }),
      applyOne('conv2dGradWeight', [x!, dy!], { ...attributes, kernel: [weight!.shape[2] as number, weight!.shape[3] as number] }),
    ],
  } satisfies OpRow<'conv2d'>,
  conv2dGradInput: {
    documentation: "Adjoint of conv2d in x: dy (B, O, H', W'), weight (O, C, kh, kw) -> (B, C, H, W).",
    infer: ([dy, weight], { size }) => [{ shape: [dy!.shape[0]!, weight!.shape[1]!, ...size], dtype: 'f32' }],
    gradient: ({ inputs: [dy, weight], attributes: { stride, padding } }, [g]) => [
      conv2d(g!, weight!, { stride, padding }),
      applyOne('conv2dGradWeight', [g!, dy!], { stride, padding, kernel: [weight!.shape[2] as number, weight!.shape[3] as number] }),
    ],
  } satisfies OpRow<'conv2dGradInput'>,
  conv2dGradWeight: {
    documentation: "Adjoint of conv2d in its weight: x (B, C, H, W), dy (B, O, H', W') -> (O, C, kh, kw).",
    infer: ([x, dy], { kernel }) => [{ shape: [dy!.shape[1]!, x!.shape[1]!, ...kernel], dtype: 'f32' }],
    gradient: ({ inputs: [x, dy], attributes: { stride, padding } }, [g]) => [
      applyOne('conv2dGradInput', [dy!, g!], { stride, padding, size: [x!.shape[2]!, x!.shape[3]!] }),
      conv2d(x!, g!, { stride, padding }),
    ],
  } satisfies OpRow<'conv2dGradWeight'>,
};
