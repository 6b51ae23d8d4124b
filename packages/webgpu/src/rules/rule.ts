// What a rule is: how one op becomes chains or kernels.
import type { Kernel } from '@hybridmed/kernels';
import type { Node, OpName, Tensor } from '@hybridmed/tensor';
import { sizeOf } from '@hybridmed/tensor';
import type { Fusion } from '../plan/fusion.ts';

/** Sets a node's outputs, as chains, pending products or values that kernels compute. */
export type Rule<K extends OpName> = (node: Node<K>, fusion: Fusion) => void;

/** Runs a kernel on a node's inputs and sets the node's outputs to its outputs. */
export function runKernel<P>(fusion: Fusion, node: Node, kernel: Kernel<P>, problem: NoInfer<P>): void {
  const inputs = node.inputs.map((input) => fusion.value(input));
  fusion.setValues(node, fusion.calls.run(kernel, problem, inputs));
}

/** A tensor as rows of its last axis. */
export function rowsOf(tensor: Tensor, fusion: Fusion): { rows: number; width: number } {
  const shape = fusion.shape(tensor);
  return { width: shape.at(-1)!, rows: sizeOf(shape.slice(0, -1)) };
}
