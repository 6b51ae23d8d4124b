// A traced program: named inputs, named results and state updates, and the nodes between them in an order that can be run.
import type { TensorSpec } from './spec.ts';
import type { Node, Tensor } from './node.ts';
import { createNode } from './node.ts';
import type { OpAttributes, OpName } from './ops/attributes.ts';

/** A traced program. `state` entries live on the device: they are read as inputs and written back by `updates`. */
export interface Graph {
  /** Inputs given with each run. */
  readonly data: Readonly<Record<string, Tensor>>;
  /** Inputs read from the device's state. */
  readonly state: Readonly<Record<string, Tensor>>;
  /** Values read back to the host after each run. */
  readonly results: Readonly<Record<string, Tensor>>;
  /** New values of state entries (existing or new ones). */
  readonly updates: Readonly<Record<string, Tensor>>;
}

/** All nodes that values depend on, in the order of creation (topological). */
export function ancestors(values: Iterable<Tensor>): Node[] {
  const visitedNodes = new Set<Node>();
  const stack = [...values].map((value) => value.node);
  while (stack.length > 0) {
    const node = stack.pop()!;
    if (visitedNodes.has(node)) continue;
    visitedNodes.add(node);
    for (const input of node.inputs) stack.push(input.node);
  }
  return [...visitedNodes].toSorted((a, b) => a.id - b.id);
}

/** The values a graph ends in: results, then updates. */
export function graphOutputs(graph: Graph): Tensor[] {
  return [...Object.values(graph.results), ...Object.values(graph.updates)];
}

/** Nodes of a graph in a runnable order. Inputs that nothing uses are left out. */
export function graphNodes(graph: Graph): Node[] {
  return ancestors(graphOutputs(graph));
}

/** Replaces nodes of a graph from the inputs on: `rewrite` gets each node with its inputs already replaced and returns its new outputs. */
export function mapGraph(graph: Graph, rewrite: (node: Node, inputs: readonly Tensor[]) => readonly Tensor[]): Graph {
  const newOutputs = new Map<Node, readonly Tensor[]>();
  const get = (value: Tensor): Tensor => newOutputs.get(value.node)?.[value.index] ?? value;
  for (const node of graphNodes(graph)) newOutputs.set(node, node.op === 'input' ? node.outputs : rewrite(node, node.inputs.map(get)));
  const mapValues = (values: Readonly<Record<string, Tensor>>) => Object.fromEntries(Object.entries(values).map(([name, value]) => [name, get(value)]));
  return { data: graph.data, state: graph.state, results: mapValues(graph.results), updates: mapValues(graph.updates) };
}

/** The same node on other inputs. */
export function cloneNode<K extends OpName>(node: Node<K>, inputs: readonly Tensor[]): readonly Tensor[] {
  if (inputs.every((value, i) => value === node.inputs[i])) return node.outputs;
  const specs: readonly TensorSpec[] = node.outputs;
  const copy = createNode(node.op, inputs, node.attributes as OpAttributes[K], specs);
  return Object.assign(copy, { recomputed: node.recomputed }).outputs;
}
