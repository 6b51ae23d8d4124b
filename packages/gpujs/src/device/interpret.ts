// Interprets a graph of primitives op by op on typed arrays, in f32 or float64.
import type { Graph, HostArray, Node, PrimitiveOp, Program, Tensor } from '@hybridmed/tensor';
import { bindInputs, bindShape, decompose, DeviceError, graphNodes } from '@hybridmed/tensor';
import type { Rule, Run, Value } from '../rules/rule.ts';
import { rules } from '../rules/table.ts';
import type { HostState } from './state.ts';
import { toPrecision } from './state.ts';

/** How a device runs one op: `undefined` leaves it to the plain rule. */
export type Override = (node: Node, inputs: readonly Value[], shapes: readonly (readonly number[])[]) => readonly Value[] | undefined;

/** How an interpreter computes, and what it keeps. */
export interface InterpretOptions {
  /** Precision of values between ops. */
  readonly precision: 'f32' | 'f64';
  /** Precision of results and state. */
  readonly keeps: 'f32' | 'f64';
  /** May take over ops. */
  readonly override?: Override;
}

/** Compiles a graph to an interpreter of its primitives. */
export function interpret(name: string, graph: Graph, { precision, keeps, override }: InterpretOptions): Program {
  const lowered = decompose(graph, (op) => op in rules);
  const nodes = graphNodes(lowered);
  const floats: Run['floats'] = (length) => (precision === 'f64' ? new Float64Array(length) : new Float32Array(length));
  const toFloat = (array: HostArray): HostArray => toPrecision(array, precision);
  const lastUse = lastUses(nodes);
  return {
    graph,
    async run(data, given) {
      const state = given as HostState | undefined;
      const stateShapes = Object.fromEntries(Object.keys(graph.state).flatMap((entry) => (state?.get(entry) ? [[entry, state.get(entry)!.shape]] : [])));
      const bindings = bindInputs(name, graph, data, stateShapes);
      const run: Run = { bindings, floats };
      const values = new Map<Node, readonly Value[]>();
      for (const [entry, { node }] of Object.entries(graph.data)) values.set(node, [toFloat(data[entry]!)]);
      for (const [entry, { node }] of Object.entries(graph.state)) values.set(node, [toFloat(state!.get(entry)!)]);
      const get = ({ node, index }: Tensor): Value => values.get(node)![index]!;
      const leavingNodes = new Set([...Object.values(lowered.results), ...Object.values(lowered.updates)].map((value) => value.node));
      nodes.forEach((node, position) => {
        if (node.op !== 'input') {
          const inputs = node.inputs.map(get);
          const shapes = node.outputs.map(({ shape }) => bindShape(shape, bindings));
          const rule = rules[node.op as PrimitiveOp] as Rule<PrimitiveOp>;
          values.set(node, override?.(node, inputs, shapes) ?? rule(inputs, node.attributes as never, shapes, run));
        }
        for (const dead of lastUse[position]!) if (!leavingNodes.has(dead)) values.delete(dead);
      });
      const updates = Object.entries(lowered.updates).map(([entry, value]) => [entry, get(value)] as const);
      if (updates.length > 0 && !state) throw new DeviceError(name, 'the graph updates state; give a state to run with');
      const ownCopy = (value: HostArray): HostArray => {
        const converted = toPrecision(value, keeps);
        return converted.data === value.data ? { data: value.data.slice(), shape: value.shape } : converted;
      };
      for (const [entry, value] of updates) state!.put(entry, ownCopy(value));
      return Object.fromEntries(Object.entries(lowered.results).map(([entry, value]) => [entry, ownCopy(get(value))]));
    },
  };
}

/** For each position, the nodes whose values are not needed after it. */
function lastUses(nodes: readonly Node[]): Node[][] {
  const last = new Map<Node, number>();
  nodes.forEach((node, position) => node.inputs.forEach((input) => last.set(input.node, position)));
  const result: Node[][] = nodes.map(() => []);
  for (const [node, position] of last) result[position]!.push(node);
  return result;
}
