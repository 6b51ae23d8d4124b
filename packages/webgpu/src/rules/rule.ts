// What a rule is: how one op becomes chains or kernels.
import type { Kernel } from '@hybridmed/kernels';
import type { Node, OpName, Tensor } from '@hybridmed/tensor';
import { sizeOf } from '@hybridmed/tensor';
import type { Lowering } from '../plan/lowering.ts';

/** Sets a node's outputs, as chains, pending products or values that kernels compute. */
export type Rule<K extends OpName> = (node: Node<K>, lowering: Lowering) => void;

/** Runs a kernel on a node's inputs and sets the node's outputs to its outputs. */
export function runKernel<P>(lowering: Lowering, node: Node, kernel: Kernel<P>, problem: NoInfer<P>): void {
  const inputs = node.inputs.map((input) => lowering.value(input));
  lowering.setValues(node, lowering.emission.run(kernel, problem, inputs));
}

/** A tensor as rows of its last axis. */
export function rowsOf(tensor: Tensor, lowering: Lowering): { rows: number; width: number } {
  const shape = lowering.shape(tensor);
  return { width: shape.at(-1)!, rows: sizeOf(shape.slice(0, -1)) };
}
