// Joining a chain to the product it reads: the product's shader does the chain's steps as its results leave.
import type { Epilogue } from '@hybridmed/kernels';
import type { Node, Tensor } from '@hybridmed/tensor';
import { sizeOf, stridesOf } from '@hybridmed/tensor';
import type { Chain, ChainInput, Value } from './values.ts';
import { isView } from './values.ts';

/** A chain as the epilogue of one of its inputs, and the values that it still reads. */
export interface JoinedChain {
  readonly epilogue: Epilogue;
  readonly inputs: readonly Value[];
}

/** Whether an input is read once, as it lies, over the whole shape. */
function readsWhole({ value, offset, strides }: ChainInput, { shape, inputs }: Chain): boolean {
  const dense = stridesOf(shape);
  const once = inputs.filter((other) => other.value === value).length === 1;
  return once && offset === 0 && value.length === sizeOf(shape) && shape.every((size, axis) => size === 1 || strides[axis] === dense[axis]);
}

/** The chain as an epilogue of `product`, or undefined where an element of it needs more than its own element of the product. */
export function joinToProduct(chain: Chain, product: Value, maxInputs: number): JoinedChain | undefined {
  const at = chain.inputs.findIndex(({ value }) => value === product);
  const others = chain.inputs.filter((_, i) => i !== at);
  if (chain.type !== 'f32' || chain.steps.length === 0 || others.length > maxInputs || !readsWhole(chain.inputs[at]!, chain)) return undefined;
  const place = (input: number) => (input === at ? 0 : input < at ? input + 1 : input);
  return {
    epilogue: {
      shape: chain.shape,
      inputs: others.map(({ value: { type, length }, offset, strides }) => ({ type, length, offset, strides })),
      steps: chain.steps.map((step) => ({
        ...step,
        arguments: step.arguments.map((argument) => ('input' in argument ? place(argument.input) : chain.inputs.length + argument.step)),
      })),
    },
    inputs: others.map(({ value }) => value),
  };
}

/** How often each output of each node is used. */
export function countUses(nodes: readonly Node[], outputs: readonly Tensor[]): Map<Node, number[]> {
  const uses = new Map<Node, number[]>(nodes.map((node) => [node, node.outputs.map(() => 0)]));
  const use = ({ node, index }: Tensor) => uses.get(node)![index]!++;
  for (const node of nodes) node.inputs.forEach(use);
  outputs.forEach(use);
  return uses;
}

/** How often each node's first output is computed with, uses through views counted one by one. */
export function countReaders(nodes: readonly Node[], outputs: readonly Tensor[]): Map<Node, number> {
  const readers = new Map<Node, number>(nodes.map((node) => [node, 0]));
  const add = ({ node }: Tensor, times: number) => readers.set(node, readers.get(node)! + times);
  for (const tensor of outputs) add(tensor, 1);
  for (const node of nodes.toReversed()) for (const input of node.inputs) add(input, isView(node.op) ? readers.get(node)! : 1);
  return readers;
}
