// Rules of ops that move values: views, padding, gathers, on arrays.
import { sizeOf, stridesOf } from '@hybridmed/tensor';
import type { Rule, Run, Value } from './rule.ts';
import { broadcastStrides, offsets } from './strides.ts';

function take(x: Value, shape: readonly number[], at: Int32Array, run: Run): Value {
  const out = x.data instanceof Int32Array ? new Int32Array(at.length) : run.floats(at.length);
  for (let i = 0; i < at.length; i++) out[i] = x.data[at[i]!]!;
  return { data: out, shape };
}

const reshape: Rule<'reshape'> = ([x], _, [shape]) => [{ data: x!.data, shape: shape! }];

const transpose: Rule<'transpose'> = ([x], { permutation }, [shape], run) => {
  const strides = stridesOf(x!.shape);
  return [
    take(
      x!,
      shape!,
      offsets(
        shape!,
        permutation.map((axis) => strides[axis]!),
      ),
      run,
    ),
  ];
};

const broadcast: Rule<'broadcast'> = ([x], _, [shape], run) => [take(x!, shape!, offsets(shape!, broadcastStrides(x!.shape, shape!)), run)];

const slice: Rule<'slice'> = ([x], { starts, strides }, [shape], run) => {
  const steps = stridesOf(x!.shape);
  const base = starts.reduce((sum, start, axis) => sum + start * steps[axis]!, 0);
  return [
    take(
      x!,
      shape!,
      offsets(
        shape!,
        steps.map((step, axis) => step * strides[axis]!),
        base,
      ),
      run,
    ),
  ];
};

const pad: Rule<'pad'> = ([x], { low, interior }, [shape], run) => {
  const out = x!.data instanceof Int32Array ? new Int32Array(sizeOf(shape!)) : run.floats(sizeOf(shape!));
  const steps = stridesOf(shape!);
  const base = low.reduce((sum, start, axis) => sum + start * steps[axis]!, 0);
  const at = offsets(
    x!.shape,
    steps.map((step, axis) => step * (interior[axis]! + 1)),
    base,
  );
  for (let i = 0; i < at.length; i++) out[at[i]!] = x!.data[i]!;
  return [{ data: out, shape: shape! }];
};

const concat: Rule<'concat'> = (inputs, { axis }, [shape], run) => {
  const out = inputs[0]!.data instanceof Int32Array ? new Int32Array(sizeOf(shape!)) : run.floats(sizeOf(shape!));
  const inner = sizeOf(shape!.slice(axis));
  let start = 0;
  for (const { data, shape: part } of inputs) {
    const length = sizeOf(part.slice(axis));
    const rows = length > 0 ? data.length / length : 0;
    for (let row = 0; row < rows; row++) out.set(data.subarray(row * length, (row + 1) * length), row * inner + start);
    start += length;
  }
  return [{ data: out, shape: shape! }];
};

const clampRow = (id: number, rows: number): number => Math.min(Math.max(id, 0), rows - 1);

const gather: Rule<'gather'> = ([table, ids], _, [shape], run) => {
  const rows = table!.shape[0]!;
  const width = sizeOf(table!.shape.slice(1));
  const out = table!.data instanceof Int32Array ? new Int32Array(sizeOf(shape!)) : run.floats(sizeOf(shape!));
  ids!.data.forEach((id: number, i: number) => {
    const row = clampRow(id, rows);
    out.set(table!.data.subarray(row * width, (row + 1) * width), i * width);
  });
  return [{ data: out, shape: shape! }];
};

const scatterAdd: Rule<'scatterAdd'> = ([updates, ids], _, [shape], run) => {
  const out = updates!.data instanceof Int32Array ? new Int32Array(sizeOf(shape!)) : run.floats(sizeOf(shape!));
  const width = sizeOf(shape!.slice(1));
  for (let i = 0; i < ids!.data.length; i++) {
    const row = clampRow(ids!.data[i]!, shape![0]!) * width;
    for (let j = 0; j < width; j++) out[row + j]! += updates!.data[i * width + j]!;
  }
  return [{ data: out, shape: shape! }];
};

/** Rules of movement ops. */
export const movement = { reshape, transpose, broadcast, slice, pad, concat, gather, scatterAdd };
