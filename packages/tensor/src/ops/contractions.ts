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
  /** Zeros added at each side. */
  readonly padding: readonly [top: number, left: number, bottom: number, right: number];
  /** Parts that channels fall into, each convolved alone: 1, or as many as there are channels for a depthwise convolution. */
  readonly groups: number;
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

/** Options of a convolution: steps and zero padding along height and width, and groups of channels. */
export interface ConvolutionOptions {
  stride?: readonly [number, number];
  /** Zeros on both sides of height and width, or at the top, left, bottom and right. */
  padding?: readonly [height: number, width: number] | readonly [top: number, left: number, bottom: number, right: number];
  /** Group g of the outputs sees group g of the channels alone; 1 by default, and as many as channels for a depthwise convolution. */
  groups?: number;
}

/** 2-D cross-correlation: x (B, C, H, W), weight (O, C / groups, kh, kw) -> (B, O, H', W'), H' = floor((H + top + bottom - kh) / s) + 1. */
export function conv2d(x: Tensor, weight: Tensor, { stride = [1, 1], padding = [0, 0], groups = 1 }: ConvolutionOptions = {}): Tensor {
  const [top, left, bottom = top, right = left] = padding;
  return applyOne('conv2d', [x, weight], { stride, padding: [top, left, bottom, right], groups });
}

/** Output size of a convolution along one axis. */
function outputSize(dim: Dim, kernel: number, stride: number, [before, after]: readonly [number, number], fail: (problem: string) => never): number {
  if (typeof dim !== 'number') return fail('height and width must be numbers');
  const size = Math.floor((dim + before + after - kernel) / stride) + 1;
  return size >= 0 ? size : fail(`a kernel of ${kernel} does not fit in ${dim} with padding ${before} and ${after}`);
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
    documentation: "2-D cross-correlation in groups of channels: x (B, C, H, W), weight (O, C / groups, kh, kw) -> (B, O, H', W').",
    infer: ([x, weight], { stride, padding: [top, left, bottom, right], groups }, fail) => {
      const [b, c, h, w] = x!.shape;
      const [o, each, kh, kw] = weight!.shape;
      if (x!.shape.length !== 4 || weight!.shape.length !== 4) fail('x is (B, C, H, W), weight (O, C / groups, kh, kw)');
      if (groups === 1 ? c !== each : typeof c !== 'number' || typeof o !== 'number' || each !== c / groups || o % groups !== 0)
        fail(`x is (B, C, H, W), weight (O, C / groups, kh, kw); of ${groups} groups each must have as many channels and outputs`);
      if (typeof kh !== 'number' || typeof kw !== 'number') return fail('the kernel size must be numbers');
      const places = [outputSize(h!, kh, stride[0], [top, bottom], fail), outputSize(w!, kw, stride[1], [left, right], fail)];
      return [{ shape: [b!, o!, ...places], dtype: 'f32' }];
    },
    gradient: ({ inputs: [x, weight], attributes }, [dy]) => [
      applyOne('conv2dGradInput', [dy!, weight!], { ...attributes, size: [x!.shape[2]!, x!.shape[3]!] }),
      applyOne('conv2dGradWeight', [x!, dy!], { ...attributes, kernel: [weight!.shape[2] as number, weight!.shape[3] as number] }),
    ],
  } satisfies OpRow<'conv2d'>,
  conv2dGradInput: {
    documentation: "Adjoint of conv2d in x: dy (B, O, H', W'), weight (O, C / groups, kh, kw) -> (B, C, H, W).",
    infer: ([dy, weight], { size, groups }) => {
      const [, each] = weight!.shape;
      return [{ shape: [dy!.shape[0]!, groups === 1 ? each! : (each as number) * groups, ...size], dtype: 'f32' }];
    },
    gradient: ({ inputs: [dy, weight], attributes: { stride, padding, groups } }, [g]) => [
      conv2d(g!, weight!, { stride, padding, groups }),
      applyOne('conv2dGradWeight', [g!, dy!], { stride, padding, groups, kernel: [weight!.shape[2] as number, weight!.shape[3] as number] }),
    ],
  } satisfies OpRow<'conv2dGradInput'>,
  conv2dGradWeight: {
    documentation: "Adjoint of conv2d in its weight: x (B, C, H, W), dy (B, O, H', W') -> (O, C / groups, kh, kw).",
    infer: ([x, dy], { kernel, groups }) => {
      const [, channels] = x!.shape;
      return [{ shape: [dy!.shape[1]!, groups === 1 ? channels! : (channels as number) / groups, ...kernel], dtype: 'f32' }];
    },
    gradient: ({ inputs: [x, dy], attributes: { stride, padding, groups } }, [g]) => [
      applyOne('conv2dGradInput', [dy!, g!], { stride, padding, groups, size: [x!.shape[2]!, x!.shape[3]!] }),
      conv2d(x!, g!, { stride, padding, groups }),
    ],
  } satisfies OpRow<'conv2dGradWeight'>,
};
