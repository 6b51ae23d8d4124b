// AdamW on state: parameters and moments are rewritten where they lie, or in copies where something still reads the old ones. Those that
// are rewritten in place lie one after another in the state, so that few dispatches update them all.
import { kernels } from '@hybridmed/kernels';
import type { Node } from '@hybridmed/tensor';
import { chainOf } from './chains.ts';
import type { Lowering } from './lowering.ts';
import { layOut } from './memory.ts';
import type { Value } from './values.ts';

/** Most bytes of the state that are put together: as much is needed beside them once, while they move. */
const mostTogether = 256 * 2 ** 20;

/** A parameter, its first and its second moment. */
type Three<T> = readonly [T, T, T];

/** One array with values that lie one after another, and where each begins. */
interface Row {
  readonly array: Value;
  readonly offsets: readonly number[];
}

/** State entries as one array. */
function rowOf(values: readonly Value[], lowering: Lowering): Row {
  const { alignment } = lowering.limits;
  const { offsets, total } = layOut(
    values.map(({ length }) => length * 4),
    alignment,
  );
  const names = values.map(({ home }) => (home.kind === 'state' ? home.name : ''));
  return { array: lowering.create('f32', total / 4, { kind: 'entries', names }), offsets: offsets.map((offset) => offset / 4) };
}

/** Indices of neighbours that lie together. */
function groupsOf(indices: readonly number[], bytesOf: (i: number) => number, most: number): number[][] {
  const groups: { members: number[]; bytes: number }[] = [];
  for (const i of indices) {
    const open = groups.at(-1);
    if (open && open.bytes + bytesOf(i) <= most) {
      open.members.push(i);
      open.bytes += bytesOf(i);
    } else groups.push({ members: [i], bytes: bytesOf(i) });
  }
  return groups.map(({ members }) => members);
}

/** Gradients that are kept in the state as parts of one array there; others as they are. */
function gathered(gradients: readonly Value[], members: readonly number[], lowering: Lowering): Value[] {
  const kept = [...new Set(members.map((i) => gradients[i]!).filter(({ home }) => home.kind === 'state'))];
  if (kept.length === 0) return [...gradients];
  const { array, offsets } = rowOf(kept, lowering);
  const parts = new Map(kept.map((value, k) => [value, lowering.create('f32', value.length, { kind: 'part', of: array, offset: offsets[k]! })]));
  return gradients.map((value, i) => (members.includes(i) ? (parts.get(value) ?? value) : value));
}

/** Emits the norm of all gradients, then the updates of all parameters. An output that is its state input's own array was updated in place. */
export function lowerAdamW(node: Node<'adamW'>, lowering: Lowering): void {
  const n = Math.floor((node.inputs.length - 2) / 4);
  const { beta1, beta2, epsilon, weightDecay, decay, maxNorm, ceilings, rates, scaled = false } = node.attributes;
  const block = (at: number) => node.inputs.slice(2 + at * n, 2 + (at + 1) * n);
  const scalars = [node.inputs[0]!, node.inputs[1]!].map((tensor) => lowering.value(tensor));
  const scale = scaled ? [lowering.value(node.inputs.at(-1)!)] : [];
  const olds = [0, 2, 3].map((at) => block(at).map((tensor) => lowering.value(tensor))) as unknown as Three<Value[]>;
  const changing = new Set(olds.flat().filter((old) => lowering.mayOverwrite(node, old)));
  // What is rewritten cannot be read by the same dispatch.
  let gradients = block(1).map((tensor) => {
    const value = lowering.value(tensor);
    return changing.has(value) ? lowering.compute(chainOf(value, [value.length])) : value;
  });
  lowering.settle(changing, node);
  const updated = olds.map((values) => values.map((old) => (changing.has(old) ? old : lowering.compute(chainOf(old, [old.length]))))) as unknown as Three<
    Value[]
  >;
  const present = gradients.flatMap(({ length }, i) => (length > 0 ? [i] : []));
  const inPlace = present.filter((i) => updated.every((values, k) => values[i] === olds[k]![i]));
  const { alignment, maxBindingSize } = lowering.limits;
  const bytesOf = (i: number) => Math.ceil((gradients[i]!.length * 4) / alignment) * alignment;
  const targets: Three<Value>[] = [];
  const place = new Map<number, { target: number; at: number }>();
  for (const members of groupsOf(inPlace, bytesOf, Math.min(mostTogether, maxBindingSize))) {
    gradients = gathered(gradients, members, lowering);
    const rows = updated.map((values) =>
      rowOf(
        members.map((i) => values[i]!),
        lowering,
      ),
    ) as unknown as Three<Row>;
    members.forEach((i, k) => place.set(i, { target: targets.length, at: rows[0].offsets[k]! }));
    targets.push([rows[0].array, rows[1].array, rows[2].array]);
  }
  for (const i of present.filter((each) => !place.has(each))) {
    place.set(i, { target: targets.length, at: 0 });
    targets.push([updated[0][i]!, updated[1][i]!, updated[2][i]!]);
  }
  const [norm] = lowering.runTogether(kernels.gradientNorm, {
    problemOf: (sources, parts) => ({ sources, gradients: parts, scaled }),
    tensors: present.map((i) => gradients[i]!),
    after: scale,
  });
  lowering.runTogether(kernels.adamW, {
    problemOf: (sources, parts) => ({
      sources,
      targets: targets.map(([parameter]) => parameter.length),
      tensors: present.map((i, k) => ({
        ...parts[k]!,
        ...place.get(i)!,
        weightDecay: decay[i] ? weightDecay : 0,
        rate: rates?.[i] ?? 1,
        ceiling: ceilings[i]!,
      })),
      beta1,
      beta2,
      epsilon,
      maxNorm,
      scaled,
    }),
    before: [...scalars, norm!, ...scale],
    tensors: present.map((i) => gradients[i]!),
    outputs: [0, 1, 2].flatMap((k) => targets.map((three) => three[k]!)),
  });
  const values = [...updated.flat(), norm!];
  lowering.set(
    node,
    values.map((value, i) => ({ kind: 'value', value, shape: lowering.shape(node.outputs[i]!) })),
  );
}
