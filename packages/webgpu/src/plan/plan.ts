// A plan: a graph with bound sizes as dispatches in order, with memory placed and copies at the end. It is made in passes: state aliasing,
// fusion, emission, memory, packing.
import type { Bindings, Graph } from '@hybridmed/tensor';
import { graphNodes } from '@hybridmed/tensor';
import type { Tunable } from '../tuning/tuner.ts';
import { StateAliasing } from './aliasing.ts';
import { emit } from './emission.ts';
import type { FusedGraph } from './fuse.ts';
import { fuse } from './fuse.ts';
import type { Adapter } from './fusion.ts';
import type { MemoryPlan } from './memory.ts';
import { planMemory } from './memory.ts';
import { bindPacked } from './packing.ts';
import type { Storage } from './storage.ts';
import { fullPrecision } from './storage.ts';
import type { PlannedDispatch } from './values.ts';

/** Everything a run does. */
export interface Plan extends Omit<FusedGraph, 'calls'> {
  /** Problems of which a kernel has several variants. */
  readonly tunables: readonly Tunable[];
  readonly dispatches: readonly PlannedDispatch[];
  readonly memory: MemoryPlan;
}

/** Plans a graph of ops that have rules, for given sizes. Throws a DeviceLimitError where the adapter cannot bind an array of it. */
export function makePlan(graph: Graph, bindings: Bindings, adapter: Adapter, storage: Storage = fullPrecision): Plan {
  const { limits } = adapter;
  const nodes = graphNodes(graph);
  const aliasing = new StateAliasing(graph, nodes);
  const { calls, ...named } = fuse(graph, { nodes, bindings, storage, aliasing, adapter });
  const { dispatches, placeholders, tunables } = emit(calls, adapter);
  const leaving = new Set([...named.results, ...named.updates].map(({ value }) => value));
  const memory = planMemory(dispatches, leaving, limits);
  return { ...named, tunables, ...bindPacked(dispatches, placeholders, memory, limits, (length) => calls.create('f32', length)) };
}
