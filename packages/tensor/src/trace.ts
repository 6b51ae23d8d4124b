// Tracing: runs a function on named symbolic inputs once and keeps the graph it built.
import { TraceError } from './errors.ts';
import type { Graph } from './graph.ts';
import type { TensorSpec } from './spec.ts';
import type { Tensor } from './node.ts';
import { input } from './ops/sources.ts';

/** Shapes and dtypes of a graph's inputs: `data` given with each run, `state` kept on the device. */
export interface TraceSpec {
  readonly data: Readonly<Record<string, TensorSpec>>;
  readonly state?: Readonly<Record<string, TensorSpec>>;
}

/** Traced values by name. */
export type Tensors = Readonly<Record<string, Tensor>>;

/** What a traced function returns: values to read back, and new values of state entries. */
export interface Traced {
  readonly results?: Tensors;
  readonly updates?: Tensors;
}

/** Runs `fn` on symbolic inputs and returns the graph it built. Throws what ops throw, naming the caller's line. */
export function trace({ data, state = {} }: TraceSpec, fn: (data: Tensors, state: Tensors) => Traced): Graph {
  const make = (specs: Readonly<Record<string, TensorSpec>>): Tensors =>
    Object.fromEntries(Object.entries(specs).map(([name, spec]) => [name, input(name, spec)]));
  const clash = Object.keys(data).find((name) => name in state);
  if (clash !== undefined) throw new TraceError('trace', `"${clash}" is both a data input and a state entry; rename one`);
  const [dataInputs, stateInputs] = [make(data), make(state)];
  const { results = {}, updates = {} } = fn(dataInputs, stateInputs);
  return { data: dataInputs, state: stateInputs, results, updates };
}
