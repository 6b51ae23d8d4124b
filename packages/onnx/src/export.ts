// Writing a traced graph as an ONNX file of standard operators: the lowering the CPU device runs, for a file that runs anywhere.
import type { Graph, HostArrays } from '@hybridmed/tensor';
import { decompose, graphNodes, HybridmedError } from '@hybridmed/tensor';
import { lower } from './model/lower.ts';
import { rules } from './rules/table.ts';
import type { Precision } from './model/target.ts';
import type { BuildOptions, OnnxFile } from './model/initializers.ts';

/** Options of an export. */
export interface ExportOptions extends BuildOptions {
  /** Values of state entries, which become the model's weights; entries without one are inputs. */
  readonly parameters?: HostArrays;
  /** Version of the operator set, 18 to 23; 20 by default. */
  readonly opset?: number;
  /**
   * How weights are stored: `f32`; `f16`, with their products computed in half precision; or `int8` with a scale per row, products of
   * linear layers computed in 8 bits with activations quantized in each run. All else is computed in f32.
   */
  readonly precision?: Precision;
}

/** Opsets whose operators the lowering writes. */
export const opsetRange = { least: 18, most: 23 } as const;

/**
 * An ONNX model of a graph. Data are its inputs; state entries with a value are its weights, others are inputs. Results and updates
 * are its outputs by name, with `.next` after the name of an update that replaces a state entry. Symbolic sizes stay open. Throws a
 * HybridmedError for an opset out of range, and for numbers that half precision cannot hold.
 */
export function exportOnnx(graph: Graph, { parameters = {}, opset = 20, precision = 'f32', ...build }: ExportOptions = {}): OnnxFile {
  if (!Number.isInteger(opset) || opset < opsetRange.least || opset > opsetRange.most)
    throw new HybridmedError(`opset ${opset} is not supported; choose one from ${opsetRange.least} to ${opsetRange.most}`);
  const lowered = decompose(graph, (op) => op in rules);
  const sources = { ...graph.data, ...graph.state };
  const updates = Object.fromEntries(Object.entries(lowered.updates).map(([name, value]) => [name in sources ? `${name}.next` : name, value]));
  const target = { standard: true, opset, precision, parameters };
  return lower(graphNodes(lowered), sources, { ...lowered.results, ...updates }, target).build(build);
}
