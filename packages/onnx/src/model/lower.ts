// Lowers the part of a graph that ends in given values to an ONNX model.
import type { Node, OpName, Tensor } from '@hybridmed/tensor';
import { GraphBuilder } from './builder.ts';
import type { BuildOptions, OnnxFile } from './initializers.ts';
import { elementTypes } from './proto.ts';
import { lowerEmpty } from './empty.ts';
import { keptInputs } from '../rules/fused.ts';
import type { LoweringContext, Rule } from '../rules/rule.ts';
import type { Target } from './target.ts';
import { cpuTarget } from './target.ts';
import { Weights } from './weights.ts';
import { rules } from '../rules/table.ts';

/** A lowered graph: what builds its file, and the inputs it declares. */
export interface LoweredModel {
  /** The file's bytes; weights over the limit go to a second file. */
  build(options?: BuildOptions): OnnxFile;
  readonly inputs: readonly string[];
}

function usedOutputs(nodes: readonly Node[], ends: readonly Tensor[]): Set<Tensor> {
  const usedNames = new Set(ends);
  for (const node of nodes)
    node.inputs.forEach((input, i) => (keptInputs[node.op]?.includes(i) && input.node.op !== 'input' ? undefined : usedNames.add(input)));
  return usedNames;
}

function opsByInput(nodes: readonly Node[]): Map<Tensor, Set<OpName>> {
  const ops = new Map<Tensor, Set<OpName>>();
  for (const node of nodes) for (const value of node.inputs) ops.set(value, (ops.get(value) ?? new Set()).add(node.op));
  return ops;
}

/** How many inputs and outputs take each value. */
function countUses(nodes: readonly Node[], ends: readonly Tensor[]): Map<Tensor, number> {
  const uses = new Map<Tensor, number>();
  for (const value of [...nodes.flatMap(({ inputs }) => inputs), ...ends]) uses.set(value, (uses.get(value) ?? 0) + 1);
  return uses;
}

/** Lowers `nodes` (runnable order) with the values of `outputs` by name. `sources` are all inputs that may give sizes. */
export function lower(
  nodes: readonly Node[],
  sources: Readonly<Record<string, Tensor>>,
  outputs: Readonly<Record<string, Tensor>>,
  target: Target = cpuTarget,
): LoweredModel {
  const b = new GraphBuilder(target.opset);
  const weights = new Weights(b, target.precision);
  for (const [name, value] of Object.entries(sources)) if (!target.parameters[name]) b.offer(name, value);
  const names = new Map<Tensor, string>();
  const bools = new Map<Tensor, string>();
  const usedNames = usedOutputs(nodes, Object.values(outputs));
  const consumers = opsByInput(nodes);
  const uses = countUses(nodes, Object.values(outputs));
  const name = (value: Tensor): string => names.get(value)!;
  const context: LoweringContext = {
    b,
    target,
    weights,
    name,
    bool: (value) => bools.get(value) ?? b.once(`bool ${name(value)}`, () => b.node('Cast', [name(value)], { to: elementTypes.bool })),
    setBool: (value, bool) => bools.set(value, bool),
    used: (value) => usedNames.has(value),
    alone: (value) => uses.get(value) === 1,
    feeds: (value, op) => consumers.get(value)?.has(op) ?? false,
    reshaped: new Map(),
    kept: new Map(),
  };
  for (const node of nodes) {
    if (node.op === 'input') {
      const input = (node as Node<'input'>).attributes.name;
      const parameter = target.parameters[input];
      if (!parameter) b.input(input, node.outputs[0]!);
      names.set(node.outputs[0]!, parameter ? weights.add(input, parameter) : input);
    } else {
      const rule = rules[node.op] as Rule<OpName>;
      (lowerEmpty(b, node) ?? rule(context, node)).forEach((output, i) => names.set(node.outputs[i]!, output));
    }
  }
  const ends = Object.entries(outputs).map(([output, value]) => ({ name: output, spec: value }));
  for (const { name: output, spec } of ends) b.alias(output, name(spec));
  return { build: (options) => b.build(ends, options), inputs: b.inputNames };
}
