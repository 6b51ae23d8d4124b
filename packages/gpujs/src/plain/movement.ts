// Movement, gathers and reductions on arrays.
import { sizeOf, stridesOf } from '@hybridmed/tensor';
import type { Operation, Run, Value } from './operation.ts';
import { broadcastStrides, offsets } from './strides.ts';

function take(x: Value, shape: readonly number[], at: Int32Array, run: Run): Value {
  const out = x.data instanceof Int32Array ? new Int32Array(at.length) : run.floats(at.length);
  for (let i = 0; i < at.length; i++) out[i] = x.data[at[i]!]!;
  return { data: out, shape };
}

const reshape: Operation<'reshape'> = ([x], _, [shape]) => [{ data: x!.data, shape: shape! }];

const transpose: Operation<'transpose'> = ([x], { permutation }, [shape], run) => {
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

const broadcast: Operation<'broadcast'> = ([x], _, [shape], run) => [take(x!, shape!, offsets(shape!, broadcastStrides(x!.shape, shape!)), run)];

const slice: Operation<'slice'> = ([x], { starts, strides }, [shape], run) => {
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

const pad: Operation<'pad'> = ([x], { low, interior }, [shape], run) => {
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

const concat: Operation<'concat'> = (inputs, { axis }, [shape], run) => {
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

const gather: Operation<'gather'> = ([table, ids], _, [shape], run) => {
  const rows = table!.shape[0]!;
  const width = sizeOf(table!.shape.slice(1));
  const out = table!.data instanceof Int32Array ? new Int32Array(sizeOf(shape!)) : run.floats(sizeOf(shape!));
  ids!.data.forEach((id: number, i: number) => {
    const row = clampRow(id, rows);
    out.set(table!.data.subarray(row * width, (row + 1) * width), i * width);
  });
  return [{ data: out, shape: shape! }];
};

const scatterAdd: Operation<'scatterAdd'> = ([updates, ids], _, [shape], run) => {
  const out = updates!.data instanceof Int32Array ? new Int32Array(sizeOf(shape!)) : run.floats(sizeOf(shape!));
  const width = sizeOf(shape!.slice(1));
  for (let i = 0; i < ids!.data.length; i++) {
    const row = clampRow(ids!.data[i]!, shape![0]!) * width;
    for (let j = 0; j < width; j++) out[row + j]! += updates!.data[i * width + j]!;
  }
  return [{ data: out, shape: shape! }];
};

/** For each element of x, the place its reduction goes to. */
function reducedOffsets(x: Value, axes: readonly number[]): Int32Array {
  const reducedShape = x.shape.map((dim, axis) => (axes.includes(axis) ? 1 : dim));
  return offsets(x.shape, broadcastStrides(reducedShape, x.shape));
}

const sum: Operation<'sum'> = ([x], { axes }, [shape], run) => {
  const total = new Float64Array(sizeOf(shape!));
  const at = reducedOffsets(x!, axes);
  for (let i = 0; i < at.length; i++) total[at[i]!]! += x!.data[i]!;
  const out = x!.data instanceof Int32Array ? new Int32Array(total.length) : run.floats(total.length);
  out.set(total);
  return [{ data: out, shape: shape! }];
};

const max: Operation<'max'> = ([x], { axes }, [shape], run) => {
  const out = x!.data instanceof Int32Array ? new Int32Array(sizeOf(shape!)).fill(-2147483648) : run.floats(sizeOf(shape!)).fill(-3.4028234663852886e38);
  const at = reducedOffsets(x!, axes);
  for (let i = 0; i < at.length; i++) if (x!.data[i]! > out[at[i]!]!) out[at[i]!] = x!.data[i]!;
  return [{ data: out, shape: shape! }];
};

const argmax: Operation<'argmax'> = ([x], _attributes, [shape]) => {
  const width = x!.shape.at(-1)!;
  const out = Int32Array.from({ length: sizeOf(shape!) }, (_, row) => {
    let best = 0;
    for (let j = 1; j < width; j++) if (x!.data[row * width + j]! > x!.data[row * width + best]!) best = j;
    return best;
  });
  return [{ data: out, shape: shape! }];
};

/** Movement operations and reductions by name. */
export const movement = { reshape, transpose, broadcast, slice, pad, concat, gather, scatterAdd, sum, max, argmax };
