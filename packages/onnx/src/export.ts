// Writing a traced graph as an ONNX file: the same lowering the CPU device runs.
import type { Graph } from '@hybridmed/tensor';
import { decompose, graphNodes, mergeEqualNodes } from '@hybridmed/tensor';
import { lower } from './lower/lower.ts';

/**
 * The bytes of an ONNX model of a graph. State entries become inputs like data; results and updates become outputs by name,
 * with `.next` after the name of an update that replaces a state entry.
 */
export function exportOnnx(graph: Graph): Uint8Array {
  const lowered = mergeEqualNodes(decompose(graph, (op) => op !== 'adamW'));
  const sources = { ...graph.data, ...graph.state };
  const updates = Object.fromEntries(Object.entries(lowered.updates).map(([name, value]) => [name in sources ? `${name}.next` : name, value]));
  return lower(graphNodes(lowered), sources, { ...lowered.results, ...updates }).bytes;
}
