// Rules of ops that move values: views, padding, gathers.
import type { Dim, Shape, Tensor } from '@hybridmed/tensor';
import { sameShape } from './shapes.ts';
import { elementTypes } from '../model/proto.ts';
import type { LoweringContext, Rule } from './rule.ts';

/** A reshape; one that undoes an earlier one gives back what that started from. */
export function reshapeTo(context: LoweringContext, x: string, from: Shape, to: Shape): string {
  const earlier = context.reshaped.get(x);
  const [source, shape] = earlier ? [earlier.source, earlier.shape] : [x, from];
  if (sameShape(shape, to)) return source;
  return context.b.once(`reshape ${source} ${to.join()}`, () => {
    const reshaped = reshapeNode(context, source, shape, to);
    context.reshaped.set(reshaped, { source, shape });
    return reshaped;
  });
}

/** With its shape as a constant wherever at most one size is unknown beyond those that stay in place. */
function reshapeNode({ b }: LoweringContext, x: string, from: Shape, to: Shape): string {
  const zeros = to.some((dim) => dim === 0) || from.some((dim) => dim === 0);
  if (!zeros) {
    const target = to.map((dim, axis) => (typeof dim === 'number' ? dim : from[axis] === dim ? 0 : -1));
    if (target.filter((dim) => dim === -1).length <= 1) return b.node('Reshape', [x, b.constant('i64', target)]);
  }
  return b.node('Reshape', [x, b.shape(to)], zeros ? { allowzero: 1 } : {});
}

const reshape: Rule<'reshape'> = (context, { inputs: [x], attributes: { shape } }) => {
  const value = context.name(x!);
  return [context.weights.reshaped(value, shape) ?? reshapeTo(context, value, x!.shape, shape)];
};

const transpose: Rule<'transpose'> = ({ b, name }, { inputs: [x], attributes: { permutation } }) => [b.node('Transpose', [name(x!)], { perm: permutation })];

const broadcast: Rule<'broadcast'> = ({ b, name }, { inputs: [x], attributes: { shape } }) => [b.node('Expand', [name(x!), b.shape(shape)])];

const slice: Rule<'slice'> = ({ b, name }, { inputs: [x], attributes: { starts, sizes, strides } }) => {
  const axes = x!.shape.flatMap((dim, axis) => (starts[axis] === 0 && strides[axis] === 1 && dim === sizes[axis] ? [] : [axis]));
  const ends = axes.map((axis) => {
    const [start, count, stride] = [starts[axis]!, sizes[axis]!, strides[axis]!];
    if (typeof count === 'number') return b.constant('i64', [count === 0 ? start : start + (count - 1) * stride + 1]);
    const span = stride === 1 ? b.dim(count) : b.node('Mul', [b.dim(count), b.constant('i64', [stride])]);
    return start === 0 ? span : b.node('Add', [span, b.constant('i64', [start])]);
  });
  if (axes.length === 0) return [name(x!)];
  const vector = (values: readonly number[]) => b.constant('i64', values);
  const end = ends.length === 1 ? ends[0]! : b.node('Concat', ends, { axis: 0 });
  return [b.node('Slice', [name(x!), vector(axes.map((axis) => starts[axis]!)), end, vector(axes), vector(axes.map((axis) => strides[axis]!))])];
};

const pad: Rule<'pad'> = (context, { inputs: [x], attributes: { low, sizes, interior } }) => {
  const { b, name } = context;
  let current = name(x!);
  const shape = [...x!.shape];
  interior.forEach((zeros, axis) => {
    if (zeros === 0) return;
    const dim = shape[axis]!;
    if (typeof dim !== 'number') throw new Error('pad: interior zeros need a fixed size');
    // (n) -> (n, 1) -> (n, zeros + 1) -> n (zeros + 1), the last zeros cut off
    const split = [...shape.slice(0, axis + 1), 1, ...shape.slice(axis + 1)];
    const wide = reshapeTo(context, current, shape, split);
    const pads = [...split.map(() => 0), ...split.map((_, at) => (at === axis + 1 ? zeros : 0))];
    const spread = b.node('Pad', [wide, b.constant('i64', pads)]);
    const widened = split.map((size, at) => (at === axis + 1 ? zeros + 1 : size));
    const full = dim * (zeros + 1);
    const joined = reshapeTo(
      context,
      spread,
      widened,
      shape.map((size, at) => (at === axis ? full : size)),
    );
    shape[axis] = full - zeros;
    current = b.node('Slice', [joined, b.constant('i64', [0]), b.constant('i64', [full - zeros]), b.constant('i64', [axis])]);
  });
  const before = low.map((count) => b.constant('i64', [count]));
  const after = sizes.map((size, axis) => {
    const dim = shape[axis]!;
    if (typeof size === 'number' && typeof dim === 'number') return b.constant('i64', [size - low[axis]! - dim]);
    if (size === dim && low[axis] === 0) return b.constant('i64', [0]);
    return b.node('Sub', [b.node('Sub', [b.dim(size), b.dim(dim)]), b.constant('i64', [low[axis]!])]);
  });
  const value = x!.dtype === 'i32' ? b.constant('i32', [0], []) : b.scalar(0);
  return [b.node('Pad', [current, b.node('Concat', [...before, ...after], { axis: 0 }), value])];
};

const concat: Rule<'concat'> = ({ b, name }, node) => [b.node('Concat', node.inputs.map(name), { axis: node.attributes.axis })];

/** Row ids clamped to a table's rows. */
function clampedIds({ b, name }: LoweringContext, ids: Tensor, rows: Dim): string {
  const last =
    typeof rows === 'number'
      ? b.constant('i32', [rows - 1], [])
      : b.node('Cast', [b.node('Squeeze', [b.node('Sub', [b.dim(rows), b.constant('i64', [1])])])], { to: elementTypes.i32 });
  return b.once(`clamped ${name(ids)} ${rows}`, () => b.node('Max', [b.node('Min', [name(ids), last]), b.constant('i32', [0], [])]));
}

const gather: Rule<'gather'> = (context, { inputs: [table, ids] }) => {
  const { b, name, weights } = context;
  const rows = (from: string) => b.node('Gather', [from, clampedIds(context, ids!, table!.shape[0]!)], { axis: 0 });
  const wide = (value: string) => b.node('Cast', [value], { to: elementTypes.f32 });
  const half = weights.half(name(table!));
  if (half !== undefined) return [wide(rows(half))];
  const quantized = weights.quantized(name(table!));
  if (quantized === undefined) return [rows(name(table!))];
  const scales = b.node('Unsqueeze', [
    rows(quantized.scales),
    b.constant(
      'i64',
      table!.shape.slice(1).map((_, axis) => -1 - axis),
    ),
  ]);
  return [b.node('Mul', [wide(rows(quantized.values)), scales])];
};

// ScatterElements walks its updates in order on one thread, so that sums have a fixed order.
const scatterAdd: Rule<'scatterAdd'> = (context, { inputs: [updates, ids], attributes: { rows }, outputs: [out] }) => {
  const { b, name } = context;
  const rest = out!.shape.slice(1);
  const flatUpdates = b.node('Reshape', [name(updates!), b.node('Concat', [b.constant('i64', [-1]), b.shape(rest)], { axis: 0 })]);
  const column = b.node('Reshape', [clampedIds(context, ids!, rows), b.constant('i64', [-1, ...rest.map(() => 1)])]);
  const indices = b.node('Expand', [column, b.node('Shape', [flatUpdates])]);
  const zeros = b.node('Expand', [b.scalar(0), b.shape([rows, ...rest])]);
  return [b.node('ScatterElements', [zeros, indices, flatUpdates], { axis: 0, reduction: 'add' })];
};

/** Rules of movement ops. */
export const movement = { reshape, transpose, broadcast, slice, pad, concat, gather, scatterAdd };
