// A plan: a graph with bound sizes as dispatches in order, with memory placed and copies at the end.
import type { Bindings, Graph, Node, Tensor } from '@hybridmed/tensor';
import { bindShape, graphNodes, sizeOf } from '@hybridmed/tensor';
import { DeviceLimitError } from '../device/errors.ts';
import type { Tunable } from '../tuning/tuner.ts';
import { chainOf } from './chains.ts';
import type { Adapter } from './lowering.ts';
import { Lowering } from './lowering.ts';
import type { MemoryPlan } from './memory.ts';
import { byteLength, planMemory } from './memory.ts';
import { bindPacked } from './packing.ts';
import type { Storage } from './precision.ts';
import { fullPrecision } from './precision.ts';
import { rules } from '../rules/table.ts';
import type { PlannedDispatch, Value } from './values.ts';

/** A value that leaves the plan under a name. */
export interface Output {
  readonly name: string;
  readonly value: Value;
  readonly shape: readonly number[];
}

/** Everything a run does. */
export interface Plan {
  /** Problems of which a kernel has several variants. */
  readonly tunables: readonly Tunable[];
  readonly data: readonly Output[];
  readonly state: readonly Output[];
  readonly dispatches: readonly PlannedDispatch[];
  readonly results: readonly Output[];
  /** Updates that are copied to the state at the end; those made in place are not among them. */
  readonly updates: readonly Output[];
  readonly memory: MemoryPlan;
}

/** Plans a lowered graph for given sizes. Throws a DeviceLimitError where the adapter cannot bind an array of it. */
export function makePlan(graph: Graph, bindings: Bindings, adapter: Adapter, storage: Storage = fullPrecision): Plan {
  const { limits } = adapter;
  const nodes = graphNodes(graph);
  const lowering = new Lowering(graph, nodes, bindings, storage, adapter);
  const { emission } = lowering;
  const inputs = (entries: Readonly<Record<string, Tensor>>, kind: 'data' | 'state'): Output[] =>
    Object.entries(entries).map(([name, tensor]) => {
      const shape = bindShape(tensor.shape, bindings);
      const value = emission.create(tensor.dtype, sizeOf(shape), { kind, name });
      if (byteLength(value) > limits.maxBindingSize)
        throw new DeviceLimitError(`the ${kind === 'data' ? 'input' : 'state entry'} "${name}"`, byteLength(value), {
          bytes: limits.maxBindingSize,
          verb: 'bind',
        });
      lowering.set(tensor.node, [{ kind: 'value', value, shape }]);
      return { name, value, shape };
    });
  const [data, state] = [inputs(graph.data, 'data'), inputs(graph.state, 'state')];
  for (const node of nodes) if (node.op !== 'input') (rules[node.op] as (node: Node, lowering: Lowering) => void)(node, lowering);
  const outputs = (entries: Readonly<Record<string, Tensor>>): Output[] =>
    Object.entries(entries).map(([name, tensor]) => ({ name, value: lowering.value(tensor), shape: lowering.shape(tensor) }));
  const results = outputs(graph.results);
  // An entry that becomes another entry's old value gets a copy: that one may be written first.
  const updates = outputs(graph.updates).flatMap(({ name, value, shape }): Output[] => {
    if (value.home.kind !== 'state') return [{ name, value, shape }];
    return value.home.name === name ? [] : [{ name, value: lowering.compute(chainOf(value, shape)), shape }];
  });
  const leaving = new Set([...results, ...updates].map(({ value }) => value));
  const memory = planMemory(emission.dispatches, leaving, limits);
  const bound = bindPacked(emission.dispatches, emission.placeholders, memory, limits, (length) => emission.create('f32', length));
  return { data, state, tunables: emission.tunables, results, updates, ...bound };
}
