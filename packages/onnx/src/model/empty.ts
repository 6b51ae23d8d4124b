// Nodes on arrays without elements: ONNX Runtime's kernels refuse some of them, and their results are known.
import type { Node, Tensor } from '@hybridmed/tensor';
import type { GraphBuilder } from './builder.ts';

const isEmpty = ({ shape }: Tensor): boolean => shape.includes(0);

/** What a reduction over nothing gives. */
const lowest = { f32: -3.4028234663852886e38, i32: -2147483648 } as const;

/** Names of a node's results where its sizes, known while lowering, leave nothing to compute; undefined where its rule must run. */
export function lowerEmpty(b: GraphBuilder, node: Node): string[] | undefined {
  if (node.op === 'concat' || node.op === 'adamW' || ![...node.inputs, ...node.outputs].some(isEmpty)) return undefined;
  if (node.outputs.some(({ shape }) => shape.some((dim) => typeof dim !== 'number') && !shape.includes(0))) return undefined;
  return node.outputs.map(({ shape, dtype }) => {
    const sizes = shape.map((dim) => (typeof dim === 'number' ? dim : 0));
    const value = node.op === 'max' ? lowest[dtype] : 0;
    return b.constant(
      dtype,
      Array.from({ length: sizes.reduce((x, y) => x * y, 1) }, () => value),
      sizes,
    );
  });
}
