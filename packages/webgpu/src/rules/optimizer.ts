// AdamW on state: parameters and moments are rewritten where they lie, or in copies where something still reads the old ones. Those that
// are rewritten in place lie one after another in the state, so that few dispatches update them all.
import { kernels } from '@hybridmed/kernels';
import type { Node } from '@hybridmed/tensor';
import { chainOf } from '../plan/chains.ts';
import type { Fusion } from '../plan/fusion.ts';
import { layOut } from '../plan/memory.ts';
import type { Value } from '../plan/values.ts';
import type { Rule } from './rule.ts';

/** Max bytes of the state that are packed into one array: as much is needed beside them once, while they move. */
const maxPacked = 256 * 2 ** 20;

/** Something of parameters, of their first and of their second moments. */
type ParameterMoments<T> = readonly [parameters: T, firstMoments: T, secondMoments: T];

const mapMoments = <T, U>([a, b, c]: ParameterMoments<T>, map: (one: T) => U): ParameterMoments<U> => [map(a), map(b), map(c)];

/** Where a parameter and its moments lie: in which of the arrays that are rewritten, and their first element there. */
interface TargetPlace {
  readonly target: number;
  readonly at: number;
}

/** A copy of a value. */
const copyOf = (value: Value, fusion: Fusion): Value => fusion.compute(chainOf(value, [value.length]));

/** State entries as one array, and the first element of each. */
function packEntries(values: readonly Value[], fusion: Fusion): { readonly array: Value; readonly offsets: readonly number[] } {
  const { offsets, total } = layOut(
    values.map(({ length }) => length * 4),
    fusion.limits.alignment,
  );
  const names = values.map(({ home }) => (home.kind === 'state' ? home.name : ''));
  return { array: fusion.calls.create('f32', total / 4, { kind: 'entries', names }), offsets: offsets.map((offset) => offset / 4) };
}

/** Indices of neighbours whose bytes fit into one array. */
function groupsOf(indices: readonly number[], bytesOf: (i: number) => number, maxBytes: number): number[][] {
  const groups: { members: number[]; bytes: number }[] = [];
  for (const i of indices) {
    const open = groups.at(-1);
    if (open && open.bytes + bytesOf(i) <= maxBytes) {
      open.members.push(i);
      open.bytes += bytesOf(i);
    } else groups.push({ members: [i], bytes: bytesOf(i) });
  }
  return groups.map(({ members }) => members);
}

/** A group's gradients that the state keeps as parts of one array there; the others as they are. */
function packGradients(gradients: readonly Value[], members: readonly number[], fusion: Fusion): Value[] {
  const entries = [...new Set(members.map((i) => gradients[i]!).filter(({ home }) => home.kind === 'state'))];
  if (entries.length === 0) return [...gradients];
  const { array, offsets } = packEntries(entries, fusion);
  const parts = new Map(entries.map((value, k) => [value, fusion.calls.create('f32', value.length, { kind: 'part', of: array, offset: offsets[k]! })]));
  return gradients.map((value, i) => (members.includes(i) ? (parts.get(value) ?? value) : value));
}

/** The node's inputs as values: rate and step, then for every parameter itself, its gradient and its moments, then the loss scale. */
function valuesOf(node: Node<'adamW'>, fusion: Fusion) {
  const n = Math.floor((node.inputs.length - 2) / 4);
  const block = (k: number) => node.inputs.slice(2 + k * n, 2 + (k + 1) * n);
  const valuesIn = (k: number) => block(k).map((tensor) => fusion.value(tensor));
  const [rate, step] = [fusion.value(node.inputs[0]!), fusion.value(node.inputs[1]!)];
  const lossScale = node.attributes.scaled ? [fusion.value(node.inputs.at(-1)!)] : [];
  const old: ParameterMoments<Value[]> = [valuesIn(0), valuesIn(2), valuesIn(3)];
  const rewritten = new Set(old.flat().filter((value) => fusion.aliasing.mayOverwrite(node, value)));
  // What is rewritten cannot be read by the same dispatch.
  const gradients = block(1).map((tensor) => {
    const value = fusion.value(tensor);
    return rewritten.has(value) ? copyOf(value, fusion) : value;
  });
  fusion.materializeReaders(rewritten, node);
  const updated = mapMoments(old, (values) => values.map((value) => (rewritten.has(value) ? value : copyOf(value, fusion))));
  return { rate, step, lossScale, gradients, updated, rewritten };
}

/** The arrays that are rewritten, and where each parameter lies in them: entries of the state packed into few, copies by themselves. */
function targetsOf(indices: readonly number[], gradients: readonly Value[], updated: ParameterMoments<Value[]>, rewritten: Set<Value>, fusion: Fusion) {
  const targets: ParameterMoments<Value>[] = [];
  const places = new Map<number, TargetPlace>();
  const { alignment, maxBindingSize } = fusion.limits;
  const bytesOf = (i: number) => Math.ceil((gradients[i]!.length * 4) / alignment) * alignment;
  const inPlace = indices.filter((i) => updated.every((values) => rewritten.has(values[i]!)));
  let packedGradients = gradients;
  for (const members of groupsOf(inPlace, bytesOf, Math.min(maxPacked, maxBindingSize))) {
    packedGradients = packGradients(packedGradients, members, fusion);
    const packed = mapMoments(updated, (values) => {
      const own = members.map((i) => values[i]!);
      return packEntries(own, fusion);
    });
    members.forEach((i, k) => places.set(i, { target: targets.length, at: packed[0].offsets[k]! }));
    targets.push(mapMoments(packed, ({ array }) => array));
  }
  for (const i of indices) {
    if (places.has(i)) continue;
    places.set(i, { target: targets.length, at: 0 });
    targets.push(mapMoments(updated, (values) => values[i]!));
  }
  return { targets, places, gradients: packedGradients };
}

/** The norm of all gradients, then the updates of all parameters. An output that is its state input's own array was updated in place. */
export const adamW: Rule<'adamW'> = (node, fusion) => {
  const { beta1, beta2, epsilon, weightDecay, decay, maxNorm, ceilings, rates, scaled = false } = node.attributes;
  const { rate, step, lossScale, updated, rewritten, ...values } = valuesOf(node, fusion);
  // Empty parameters have nothing to update.
  const indices = values.gradients.flatMap(({ length }, i) => (length > 0 ? [i] : []));
  const { targets, places, gradients } = targetsOf(indices, values.gradients, updated, rewritten, fusion);
  const tensors = indices.map((i) => gradients[i]!);
  const [norm] = fusion.calls.runPacked(kernels.gradientNorm, {
    problemOf: (sources, parts) => ({ sources, gradients: parts, scaled }),
    tensors,
    after: lossScale,
  });
  const constantsOf = (i: number) => ({ weightDecay: decay[i] ? weightDecay : 0, rate: rates?.[i] ?? 1, ceiling: ceilings[i]! });
  fusion.calls.runPacked(kernels.adamW, {
    problemOf: (sources, parts) => ({
      sources,
      targets: targets.map(([parameters]) => parameters.length),
      tensors: indices.map((i, k) => ({ ...parts[k]!, ...places.get(i)!, ...constantsOf(i) })),
      beta1,
      beta2,
      epsilon,
      maxNorm,
      scaled,
    }),
    before: [rate, step, norm!, ...lossScale],
    tensors,
    outputs: ([0, 1, 2] as const).flatMap((k) => targets.map((arrays) => arrays[k])),
  });
  fusion.setValues(node, [...updated.flat(), norm!]);
};
