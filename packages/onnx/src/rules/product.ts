// Matrix products in the target's operators and precision.
import { elementTypes } from '../model/proto.ts';
import type { LoweringContext } from './rule.ts';

/** Whether each operand is transposed (its last two axes), and a factor on the product. */
export interface ProductOptions {
  readonly transA?: boolean;
  readonly transB?: boolean;
  readonly scale?: number;
}

/** A product of two matrices, plus a bias row where one is given. */
export function matrixProduct(
  { b, weights }: LoweringContext,
  x: string,
  y: string,
  { transA = false, transB = false }: ProductOptions,
  bias?: string,
): string {
  const plus = (product: string): string => (bias === undefined ? product : b.node('Add', [product, bias]));
  const [half, quantized] = [weights.half(y), weights.quantized(y)];
  if (half !== undefined) {
    const narrow = b.once(`half ${x}`, () => b.node('Cast', [x], { to: elementTypes.f16 }));
    return plus(b.node('Cast', [b.node('Gemm', [narrow, half], { transA: Number(transA), transB: Number(transB) })], { to: elementTypes.f32 }));
  }
  // The scales of rows are those of the product's columns only where the weight is (outputs, inputs).
  if (quantized !== undefined && transB && !transA) {
    const [values, scale, zero] = weights.activations(x);
    const right = b.once(`transposed ${quantized.values}`, () => b.node('Transpose', [quantized.values], { perm: [1, 0] }));
    const sums = b.node('Cast', [b.node('MatMulInteger', [values, right, zero])], { to: elementTypes.f32 });
    return plus(b.node('Mul', [sums, b.node('Mul', [scale, quantized.scales])]));
  }
  return b.node('Gemm', [x, y, ...(bias === undefined ? [] : [bias])], { transA: Number(transA), transB: Number(transB) });
}

/** A product of two stacks of matrices of one rank. */
export function stackedProduct(
  { b, target }: LoweringContext,
  x: string,
  y: string,
  rank: number,
  { transA = false, transB = false, scale = 1 }: ProductOptions,
): string {
  if (!target.standard) {
    if (!transA && !transB && scale === 1) return b.node('MatMul', [x, y]);
    return b.node('ms:FusedMatMul', [x, y], { transA: Number(transA), transB: Number(transB), alpha: { f: scale } });
  }
  const perm = Array.from({ length: rank }, (_, axis) => (axis < rank - 2 ? axis : 2 * rank - 3 - axis));
  const turned = (value: string, turn: boolean): string => (turn ? b.once(`turned ${value}`, () => b.node('Transpose', [value], { perm })) : value);
  const left = turned(x, transA);
  return b.node('MatMul', [scale === 1 ? left : b.once(`scaled ${left} ${scale}`, () => b.node('Mul', [left, b.scalar(scale)])), turned(y, transB)]);
}
