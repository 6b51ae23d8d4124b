// Writing a traced graph as an ONNX file: the same lowering the CPU device runs.
import type { Graph } from '@hybridmed/tensor';
import { decompose, graphNodes, mergeEqualNodes } from '@hybridmed/tensor';
import { lower } from './lower/lower.ts';

/** The bytes of an ONNX model of a graph. State entries become inputs like data; results and updates become outputs by name. */
export function exportOnnx(graph: Graph): Uint8Array {
  const lowered = mergeEqualNodes(decompose(graph, (op) => op !== 'adamW'));
  return lower(graphNodes(lowered), { ...graph.data, ...graph.state }, { ...lowered.results, ...lowered.updates }).bytes;
}
