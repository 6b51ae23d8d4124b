// A bias goes into its product: a Gemm starts from it, where a sum of its own would read and write the product once more.
import type { Node, Tensor } from '@hybridmed/tensor';
import type { LoweringContext } from './rule.ts';
import { reshapeTo } from './movement.ts';
import { matrixProduct } from './product.ts';

/** The product that this sum alone takes, straight or through a reshape. */
function productOf({ alone }: LoweringContext, value: Tensor): Node<'matmul'> | undefined {
  if (!alone(value)) return undefined;
  const { node } = value;
  if (node.op === 'reshape') return alone(node.inputs[0]!) && node.inputs[0]!.node.op === 'matmul' ? (node.inputs[0]!.node as Node<'matmul'>) : undefined;
  return node.op === 'matmul' ? (node as Node<'matmul'>) : undefined;
}

/** The sum of a two-dimensional product and a row, or undefined where the node is no such sum. */
export function biasedProduct(context: LoweringContext, node: Node<'add'>): string | undefined {
  const { name } = context;
  for (const [value, bias] of [node.inputs, node.inputs.toReversed()] as [Tensor, Tensor][]) {
    if (bias.shape.length !== 1 || value.shape.at(-1) !== bias.shape[0]) continue;
    const product = productOf(context, value);
    const shape = product?.outputs[0]!.shape;
    if (!product || shape?.length !== 2 || shape[1] !== bias.shape[0] || product.inputs.some((input) => input.shape.length !== 2 || input.shape.includes(0)))
      continue;
    const { transposeA: transA, transposeB: transB } = product.attributes;
    const [x, y] = product.inputs.map(name) as [string, string];
    const sum = matrixProduct(context, x, y, { transA, transB }, name(bias));
    return reshapeTo(context, sum, shape, node.outputs[0]!.shape);
  }
  return undefined;
}
