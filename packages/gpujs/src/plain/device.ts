// The plain reference as a device: interprets a graph op by op on typed arrays, in f32 or float64.
import type { Device, DeviceState, Graph, HostArray, HostArrays, Node, Program, Tensor } from '@hybridmed/tensor';
import { bindInputs, bindShape, decompose, DeviceError, graphNodes, mergeEqualNodes } from '@hybridmed/tensor';
import type { Operation, Run, Value } from './operation.ts';
import type { PrimitiveOp } from './table.ts';
import { operations } from './table.ts';

/** Options of the plain device: arrays and arithmetic in f32 (sums in float64), or everything in float64. */
export interface PlainOptions {
  precision?: 'f32' | 'f64';
}

/** How a device runs one op: `undefined` leaves it to the plain operation. */
export type Override = (node: Node, inputs: readonly Value[], shapes: readonly (readonly number[])[]) => readonly Value[] | undefined;

/** State held in host arrays. */
export function hostState(
  device: string,
  convert: (array: HostArray) => HostArray,
  initial: HostArrays = {},
): DeviceState & { get(name: string): HostArray | undefined; put(name: string, value: HostArray): void } {
  const entries = new Map<string, HostArray>();
  const copy = ({ data, shape }: HostArray): HostArray => ({ data: data.slice(), shape: [...shape] });
  const state = {
    names: () => [...entries.keys()],
    write(arrays: HostArrays) {
      for (const [name, array] of Object.entries(arrays)) entries.set(name, copy(convert(array)));
    },
    async read(names = [...entries.keys()] as readonly string[]) {
      return Object.fromEntries(
        names.map((name) => {
          const entry = entries.get(name);
          if (!entry) throw new DeviceError(device, `state has no entry "${name}"`);
          return [name, copy(entry)];
        }),
      );
    },
    drop(names = [...entries.keys()] as readonly string[]) {
      for (const name of names) entries.delete(name);
    },
    get: (name: string) => entries.get(name),
    put: (name: string, value: HostArray) => void entries.set(name, value),
  };
  state.write(initial);
  return state;
}

type HostState = ReturnType<typeof hostState>;

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
  const lowered = mergeEqualNodes(decompose(graph, () => false));
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
          const operation = operations[node.op as PrimitiveOp] as Operation<PrimitiveOp>;
          values.set(node, override?.(node, inputs, shapes) ?? operation(inputs, node.attributes as never, shapes, run));
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

function toPrecision({ data, shape }: HostArray, precision: 'f32' | 'f64'): HostArray {
  if (data instanceof Int32Array) return { data, shape };
  if (precision === 'f64') return { data: data instanceof Float64Array ? data : Float64Array.from(data), shape };
  return { data: data instanceof Float32Array ? data : Float32Array.from(data), shape };
}

/** For each position, the nodes whose values are not needed after it. */
function lastUses(nodes: readonly Node[]): Node[][] {
  const last = new Map<Node, number>();
  nodes.forEach((node, position) => node.inputs.forEach((input) => last.set(input.node, position)));
  const result: Node[][] = nodes.map(() => []);
  for (const [node, position] of last) result[position]!.push(node);
  return result;
}

/** The plain reference: correct and simple, the oracle of every other device. `f64` computes everything in float64. */
export function plainDevice({ precision = 'f32' }: PlainOptions = {}): Device {
  const name = `plain (${precision})`;
  return {
    info: { kind: 'plain', name: `plain JavaScript, ${precision === 'f64' ? 'float64' : 'f32'}`, software: true },
    compile: async (graph) => interpret(name, graph, { precision, keeps: precision }),
    createState: (initial) => hostState(name, (array) => toPrecision(array, precision), initial),
    close: async () => undefined,
  };
}
