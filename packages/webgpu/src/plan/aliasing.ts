// The pass of state aliasing: which nodes may rewrite an entry of the state where it lies, and what is still used after them.
import type { Graph, Node, Tensor } from '@hybridmed/tensor';
import { graphOutputs } from '@hybridmed/tensor';
import type { Value } from './values.ts';

/** What a graph does with one entry. */
interface EntryUse {
  readonly update: Tensor | undefined;
  readonly lastReader: Node | undefined;
  /** Whether the old value is a result, or the new value of another entry. */
  readonly shown: boolean;
}

/** The state's entries in a graph, whose nodes come in the order in which they run. */
export class StateAliasing {
  readonly #nodes: readonly Node[];
  readonly #outputs: readonly Tensor[];
  readonly #entries: ReadonlyMap<string, EntryUse>;

  constructor(graph: Graph, nodes: readonly Node[]) {
    this.#nodes = nodes;
    this.#outputs = graphOutputs(graph);
    const lastReader = new Map<Node, Node>();
    for (const node of nodes) for (const { node: read } of node.inputs) lastReader.set(read, node);
    const shown = new Set(Object.values(graph.results).map(({ node }) => node));
    const entryOf = new Map(Object.entries(graph.state).map(([name, { node }]) => [node, name]));
    for (const [name, { node }] of Object.entries(graph.updates)) if (entryOf.get(node) !== name) shown.add(node);
    this.#entries = new Map(
      Object.entries(graph.state).map(([name, { node }]) => [name, { update: graph.updates[name], lastReader: lastReader.get(node), shown: shown.has(node) }]),
    );
  }

  /** Whether a node may rewrite a state entry where it lies: it is the last to read it, and its output is the entry's new value. */
  mayOverwrite(node: Node, value: Value): boolean {
    if (value.home.kind !== 'state') return false;
    const { update, lastReader, shown } = this.#entries.get(value.home.name)!;
    return !shown && lastReader === node && update?.node === node;
  }

  /** Tensors that later nodes read, or that leave the graph. */
  usedAfter(node: Node): Set<Tensor> {
    const later = this.#nodes.slice(this.#nodes.indexOf(node) + 1);
    return new Set([...later.flatMap(({ inputs }) => inputs), ...this.#outputs]);
  }
}
