// What a row of the op table holds, and `apply`, the only way an op enters a graph.
import { formatShape } from '../dim.ts';
import { TraceError } from '../errors.ts';
import type { TensorSpec } from '../spec.ts';
import type { Node, Tensor } from '../node.ts';
import { createNode } from '../node.ts';
import type { OpAttributes, OpName } from './attributes.ts';

/** Given the node and one cotangent per output (undefined where nothing flows), one cotangent per input (undefined where none is due). */
export type GradientRule<K extends OpName> = (node: Node<K>, cotangents: readonly (Tensor | undefined)[]) => readonly (Tensor | undefined)[];

/** One op: its shapes, its meaning, its gradient and, for a fused op, its definition in primitives. */
export interface OpRow<K extends OpName> {
  /** One sentence with shapes and the formula. */
  readonly documentation: string;
  /** Shapes and dtypes of the outputs; throws a TraceError through `fail` for inputs the op cannot take. */
  readonly infer: (inputs: readonly TensorSpec[], attributes: OpAttributes[K], fail: (problem: string) => never) => readonly TensorSpec[];
  /** `"definition"`: differentiate the definition; `"none"`: not differentiable (an error where a gradient flows); `"zero"`: no gradient flows. */
  readonly gradient: GradientRule<K> | 'definition' | 'none' | 'zero';
  /** Whether it only reads its input in another shape or order: who uses it uses what it reads. */
  readonly view?: boolean;
  /** The same outputs from primitives: the oracle, and what a device without a kernel runs. */
  readonly definition?: (inputs: readonly Tensor[], attributes: OpAttributes[K]) => readonly Tensor[];
}

type InferTable = { readonly [K in OpName]: Pick<OpRow<K>, 'infer'> };
let table: InferTable | undefined;

/** Called once by the table module: breaks the cycle between rows, which apply ops, and the table, which holds rows. */
export function registerTable(rows: InferTable): void {
  table = rows;
}

/** Applies an op to traced values: checks shapes by its row and adds a node. Throws a TraceError naming op, shapes and the caller's line. */
export function apply<K extends OpName>(op: K, inputs: readonly Tensor[], attributes: OpAttributes[K]): readonly Tensor[] {
  const row = table![op];
  const fail = (problem: string): never => {
    const shapes = inputs.map((input) => `${input.dtype}${formatShape(input.shape)}`).join(', ');
    throw new TraceError(op, shapes ? `${problem}; got ${shapes}` : problem);
  };
  return createNode(op, inputs, attributes, row.infer(inputs, attributes, fail)).outputs;
}

/** `apply` for ops with one output. */
export function applyOne<K extends OpName>(op: K, inputs: readonly Tensor[], attributes: OpAttributes[K]): Tensor {
  return apply(op, inputs, attributes)[0]!;
}
