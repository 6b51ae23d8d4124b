// The pass of fusion over a graph: its rules in the order of its nodes, from inputs to what leaves.
import type { Graph, Node, Tensor } from '@hybridmed/tensor';
import { bindShape, sizeOf } from '@hybridmed/tensor';
import { DeviceLimitError } from '../device/errors.ts';
import { rules } from '../rules/table.ts';
import type { Rule } from '../rules/rule.ts';
import type { KernelCalls } from './calls.ts';
import { chainOf } from './chains.ts';
import type { FusionOptions } from './fusion.ts';
import { Fusion } from './fusion.ts';
import { byteLength } from './memory.ts';
import type { Value } from './values.ts';

/** A value that enters or leaves the plan under a name. */
export interface NamedValue {
  readonly name: string;
  readonly value: Value;
  readonly shape: readonly number[];
}

/** A graph as calls of kernels on values. */
export interface FusedGraph {
  readonly calls: KernelCalls;
  readonly data: readonly NamedValue[];
  readonly state: readonly NamedValue[];
  readonly results: readonly NamedValue[];
  /** Updates that are copied to the state at the end; those made in place are not among them. */
  readonly updates: readonly NamedValue[];
}

/** Fuses a graph. Throws a DeviceLimitError where the adapter cannot bind an input or an entry of the state. */
export function fuse(graph: Graph, options: FusionOptions): FusedGraph {
  const fusion = new Fusion(graph, options);
  const { calls } = fusion;
  const inputs = (entries: Readonly<Record<string, Tensor>>, kind: 'data' | 'state'): NamedValue[] =>
    Object.entries(entries).map(([name, tensor]) => {
      const shape = bindShape(tensor.shape, options.bindings);
      const value = calls.create(tensor.dtype, sizeOf(shape), { kind, name });
      const bytes = options.adapter.limits.maxBindingSize;
      if (byteLength(value) > bytes)
        throw new DeviceLimitError(`the ${kind === 'data' ? 'input' : 'state entry'} "${name}"`, byteLength(value), { bytes, verb: 'bind' });
      fusion.set(tensor.node, [{ kind: 'value', value, shape }]);
      return { name, value, shape };
    });
  const [data, state] = [inputs(graph.data, 'data'), inputs(graph.state, 'state')];
  for (const node of options.nodes) if (node.op !== 'input') (rules[node.op] as Rule<Node['op']>)(node, fusion);
  const outputs = (entries: Readonly<Record<string, Tensor>>): NamedValue[] =>
    Object.entries(entries).map(([name, tensor]) => ({ name, value: fusion.value(tensor), shape: fusion.shape(tensor) }));
  const results = outputs(graph.results);
  // An entry that becomes another entry's old value gets a copy: that one may be written first.
  const updates = outputs(graph.updates).flatMap(({ name, value, shape }): NamedValue[] => {
    if (value.home.kind !== 'state') return [{ name, value, shape }];
    return value.home.name === name ? [] : [{ name, value: fusion.compute(chainOf(value, shape)), shape }];
  });
  return { calls, data, state, results, updates };
}
