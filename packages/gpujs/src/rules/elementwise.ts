// Rules of element-wise ops, sources and random numbers on arrays.
import type { OpName } from '@hybridmed/tensor';
import { bindDim, sizeOf, uniformAt } from '@hybridmed/tensor';
import { erf } from './erf.ts';
import type { Rule, Run, Value } from './rule.ts';
import { broadcastStrides, offsets } from './strides.ts';

type Data = Value['data'];

const sameShape = (a: readonly number[], b: readonly number[]): boolean => a.length === b.length && a.every((dim, axis) => dim === b[axis]);

/** Reads a value in the order of `shape`: as it is, a scalar, or through offsets. */
function reader({ data, shape }: Value, target: readonly number[]): (i: number) => number {
  if (sameShape(shape, target)) return (i) => data[i]!;
  if (sizeOf(shape) === 1) {
    const value = data[0]!;
    return () => value;
  }
  const at = offsets(target, broadcastStrides(shape, target));
  return (i) => data[at[i]!]!;
}

function empty(like: 'float' | 'int', shape: readonly number[], run: Run): Data {
  return like === 'int' ? new Int32Array(sizeOf(shape)) : run.floats(sizeOf(shape));
}

function binary(fn: (a: number, b: number) => number, result?: 'float'): Rule<OpName> {
  return ([a, b], _, [shape], run) => {
    const out = empty(result ?? (a!.data instanceof Int32Array ? 'int' : 'float'), shape!, run);
    if (sameShape(a!.shape, shape!) && sameShape(b!.shape, shape!)) {
      const [x, y] = [a!.data, b!.data];
      for (let i = 0; i < out.length; i++) out[i] = fn(x[i]!, y[i]!);
    } else {
      const [x, y] = [reader(a!, shape!), reader(b!, shape!)];
      for (let i = 0; i < out.length; i++) out[i] = fn(x(i), y(i));
    }
    return [{ data: out, shape: shape! }];
  };
}

function unary(fn: (x: number) => number): Rule<OpName> {
  return ([x], _, [shape], run) => {
    const out = empty(x!.data instanceof Int32Array ? 'int' : 'float', shape!, run);
    for (let i = 0; i < out.length; i++) out[i] = fn(x!.data[i]!);
    return [{ data: out, shape: shape! }];
  };
}

const full: Rule<'full'> = (_inputs, { value, dtype }, [shape], run) => [
  { data: empty(dtype === 'i32' ? 'int' : 'float', shape!, run).fill(value), shape: shape! },
];

const iota: Rule<'iota'> = (_inputs, _attributes, [shape]) => [{ data: Int32Array.from({ length: shape![0]! }, (_, i) => i), shape: shape! }];

const size: Rule<'size'> = (_inputs, { dim }, _shapes, run) => [{ data: run.floats(1).fill(bindDim(dim, run.bindings)), shape: [] }];

const random: Rule<'random'> = ([key], { stream }, [shape], run) => {
  const out = run.floats(sizeOf(shape!));
  const pair = [key!.data[0]!, key!.data[1]!] as const;
  for (let i = 0; i < out.length; i++) out[i] = uniformAt(pair, stream, i);
  return [{ data: out, shape: shape! }];
};

const where: Rule<'where'> = ([condition, a, b], _, [shape], run) => {
  const out = empty(a!.data instanceof Int32Array ? 'int' : 'float', shape!, run);
  const [c, x, y] = [reader(condition!, shape!), reader(a!, shape!), reader(b!, shape!)];
  for (let i = 0; i < out.length; i++) out[i] = c(i) !== 0 ? x(i) : y(i);
  return [{ data: out, shape: shape! }];
};

const cast: Rule<'cast'> = ([x], { dtype }, [shape], run) => {
  const out = empty(dtype === 'i32' ? 'int' : 'float', shape!, run);
  for (let i = 0; i < out.length; i++) out[i] = dtype === 'i32' ? Math.trunc(x!.data[i]!) : x!.data[i]!;
  return [{ data: out, shape: shape! }];
};

/** Rules of element-wise ops and sources. */
export const elementwise = {
  full,
  iota,
  size,
  random,
  add: binary((a, b) => a + b),
  sub: binary((a, b) => a - b),
  mul: binary((a, b) => a * b),
  div: binary((a, b) => a / b),
  maximum: binary((a, b) => (a < b ? b : a)),
  less: binary((a, b) => (a < b ? 1 : 0), 'float'),
  equal: binary((a, b) => (a === b ? 1 : 0), 'float'),
  where,
  neg: unary((x) => -x),
  exp: unary(Math.exp),
  log: unary(Math.log),
  sqrt: unary(Math.sqrt),
  erf: unary(erf),
  cast,
  stopGradient: (([x]) => [x!]) as Rule<'stopGradient'>,
};
