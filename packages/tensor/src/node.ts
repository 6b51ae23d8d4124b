// The graph's building blocks: a node applies one op; a Tensor is one output of a node, with its shape and dtype.
import type { Dim } from './dim.ts';
import type { OpAttributes, OpName } from './ops/attributes.ts';
import type { TensorSpec } from './spec.ts';

/** One application of an op. `id` grows in the order of creation, which is a topological order. */
export interface Node<K extends OpName = OpName> {
  readonly id: number;
  readonly op: K;
  readonly inputs: readonly Tensor[];
  readonly attributes: OpAttributes[K];
  readonly outputs: readonly Tensor[];
  /** Set while `remat` runs: the segment whose values the backward pass recomputes. */
  readonly segment: number | undefined;
  /** True for a recomputed copy, which common-subexpression elimination must leave alone. */
  readonly recomputed: boolean;
}

/** A traced value: output `index` of `node`. It holds no numbers; ops on it build the graph. */
export interface Tensor extends TensorSpec {
  readonly node: Node;
  readonly index: number;
  readonly shape: readonly Dim[];
}

let nextId = 0;
let currentSegment: number | undefined;
let recomputing = false;

/** Makes a node and its outputs. Shapes were checked by the op's row. */
export function createNode<K extends OpName>(op: K, inputs: readonly Tensor[], attributes: OpAttributes[K], specs: readonly TensorSpec[]): Node<K> {
  const outputs: Tensor[] = [];
  const node: Node<K> = { id: nextId++, op, inputs, attributes, outputs, segment: currentSegment, recomputed: recomputing };
  specs.forEach(({ shape, dtype }, index) => outputs.push({ node: node as Node, index, shape, dtype }));
  return node;
}

/** Runs `body` with new nodes marked as belonging to a recomputation segment. */
export function inSegment<T>(body: () => T): T {
  if (currentSegment !== undefined) return body();
  currentSegment = nextId;
  try {
    return body();
  } finally {
    currentSegment = undefined;
  }
}

/** Runs `body` with new nodes marked as recomputed copies, outside any segment. */
export function whileRecomputing<T>(body: () => T): T {
  const [segment, flag] = [currentSegment, recomputing];
  currentSegment = undefined;
  recomputing = true;
  try {
    return body();
  } finally {
    currentSegment = segment;
    recomputing = flag;
  }
}
