// The graph-to-graph transform that every device starts from: expand fused ops it has no rule for, and merge equal nodes.
import type { Graph } from './graph.ts';
import { cloneNode, mapGraph } from './graph.ts';
import type { Node, Tensor } from './node.ts';
import type { OpName } from './ops/attributes.ts';
import { opTable } from './ops/table.ts';
import type { OpRow } from './ops/op-row.ts';

/**
 * Replaces every fused op that `keep` refuses by its definition in primitives (and that of the fused ops inside it), then merges nodes that
 * apply the same op with the same attributes to the same inputs. Recomputed copies (`remat`) are not merged.
 */
export function decompose(graph: Graph, keep: (op: OpName, node: Node) => boolean): Graph {
  return mergeEqualNodes(expandFused(graph, keep));
}

function expandFused(graph: Graph, keep: (op: OpName, node: Node) => boolean): Graph {
  const expand = <K extends OpName>(node: Node<K>, inputs: readonly Tensor[]): readonly Tensor[] => {
    const row: OpRow<K> = opTable[node.op];
    if (!row.definition || keep(node.op, node as Node)) return cloneNode(node, inputs);
    return expandAll(row.definition(inputs, node.attributes), inputs);
  };
  const expandAll = (values: readonly Tensor[], boundary: readonly Tensor[]): readonly Tensor[] => {
    const expanded = new Map<Node, readonly Tensor[]>(boundary.map((value) => [value.node, value.node.outputs]));
    const visit = (value: Tensor): Tensor => {
      let outputs = expanded.get(value.node);
      if (!outputs) {
        outputs = value.node.op === 'input' ? value.node.outputs : expand(value.node, value.node.inputs.map(visit));
        expanded.set(value.node, outputs);
      }
      return outputs[value.index]!;
    };
    return values.map(visit);
  };
  return mapGraph(graph, expand);
}

function mergeEqualNodes(graph: Graph): Graph {
  const numbers = new Map<Node, number>();
  const known = new Map<string, readonly Tensor[]>();
  const number = (node: Node): number => {
    if (!numbers.has(node)) numbers.set(node, numbers.size);
    return numbers.get(node)!;
  };
  return mapGraph(graph, (node, inputs) => {
    const kind = node.recomputed ? `recomputed ${node.op}` : node.op;
    const key = `${kind}|${inputs.map((value) => `${number(value.node)}.${value.index}`).join(',')}|${JSON.stringify(node.attributes, exactNumbers)}`;
    const present = known.get(key);
    if (present) return present;
    const outputs = cloneNode(node, inputs);
    known.set(key, outputs);
    return outputs;
  });
}

/** JSON has no Infinity and no -0; attributes may. */
function exactNumbers(_key: string, value: unknown): unknown {
  return typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0)) ? `#${Object.is(value, -0) ? '-0' : value}` : value;
}
