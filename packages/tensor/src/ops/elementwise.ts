// Element-wise primitives: arithmetic with NumPy broadcasting, comparisons (1 or 0 as f32), selection and unary functions.
import { broadcastShapes } from '../dim.ts';
import type { DType, TensorSpec } from '../spec.ts';
import type { Tensor } from '../node.ts';
import type { OpName } from './attributes.ts';
import { applyOne } from './op-row.ts';
import type { OpRow } from './op-row.ts';
import { full } from './sources.ts';
import { sumTo } from './sum-to.ts';

declare module './attributes.ts' {
  interface OpAttributes {
    add: None;
    sub: None;
    mul: None;
    div: None;
    maximum: None;
    less: None;
    equal: None;
    where: None;
    neg: None;
    exp: None;
    log: None;
    sqrt: None;
    erf: None;
    cast: { readonly dtype: DType };
    stopGradient: None;
  }
}

/** A traced value, or a number that becomes a scalar of the other operand's dtype. */
export type Operand = Tensor | number;

function lift(value: Operand, dtype: DType): Tensor {
  return typeof value === 'number' ? full(value, [], dtype) : value;
}

function pair(a: Operand, b: Operand): [Tensor, Tensor] {
  const dtype = typeof a === 'number' ? (typeof b === 'number' ? 'f32' : b.dtype) : a.dtype;
  return [lift(a, dtype), lift(b, dtype)];
}

/** a + b, broadcast. */
export const add = (a: Operand, b: Operand): Tensor => applyOne('add', pair(a, b), {});
/** a - b, broadcast. */
export const sub = (a: Operand, b: Operand): Tensor => applyOne('sub', pair(a, b), {});
/** a * b, broadcast. */
export const mul = (a: Operand, b: Operand): Tensor => applyOne('mul', pair(a, b), {});
/** a / b, broadcast. */
export const div = (a: Operand, b: Operand): Tensor => applyOne('div', pair(a, b), {});
/** The greater of a and b, broadcast; on a tie the gradient goes to a. */
export const maximum = (a: Operand, b: Operand): Tensor => applyOne('maximum', pair(a, b), {});
/** 1 where a < b, else 0, as f32. */
export const less = (a: Operand, b: Operand): Tensor => applyOne('less', pair(a, b), {});
/** 1 where a = b, else 0, as f32. */
export const equal = (a: Operand, b: Operand): Tensor => applyOne('equal', pair(a, b), {});
/** a where the condition (f32) is not 0, else b; all three broadcast. */
export const where = (condition: Tensor, a: Operand, b: Operand): Tensor => applyOne('where', [condition, ...pair(a, b)], {});
/** -x. */
export const neg = (x: Tensor): Tensor => applyOne('neg', [x], {});
/** e to the x. */
export const exp = (x: Tensor): Tensor => applyOne('exp', [x], {});
/** Natural logarithm. */
export const log = (x: Tensor): Tensor => applyOne('log', [x], {});
/** Square root. */
export const sqrt = (x: Tensor): Tensor => applyOne('sqrt', [x], {});
/** The Gauss error function. */
export const erf = (x: Tensor): Tensor => applyOne('erf', [x], {});
/** The same values in another dtype; to i32 truncates towards 0. */
export const cast = (x: Tensor, dtype: DType): Tensor => (x.dtype === dtype ? x : applyOne('cast', [x], { dtype }));
/** x, through which no gradient flows. */
export const stopGradient = (x: Tensor): Tensor => applyOne('stopGradient', [x], {});

function broadcastAll(inputs: readonly TensorSpec[], fail: (problem: string) => never): TensorSpec['shape'] {
  return inputs.map((input) => input.shape).reduce((a, b) => broadcastShapes(a, b) ?? fail('shapes do not broadcast'));
}

function binary(documentation: string, gradient: OpRow<OpName>['gradient'], result?: DType): OpRow<OpName> {
  return {
    documentation,
    infer: (inputs, _, fail) => {
      const [a, b] = inputs as [TensorSpec, TensorSpec];
      if (a.dtype !== b.dtype) fail('both operands need the same dtype; use cast');
      return [{ shape: broadcastAll(inputs, fail), dtype: result ?? a.dtype }];
    },
    gradient,
  };
}

function unary(documentation: string, derivative: (x: Tensor, y: Tensor, dy: Tensor) => Tensor): OpRow<OpName> {
  return {
    documentation,
    infer: ([x], _, fail) => (x!.dtype === 'f32' || fail('takes f32'), [{ shape: x!.shape, dtype: x!.dtype }]),
    gradient: (node, [dy]) => [derivative(node.inputs[0]!, node.outputs[0]!, dy!)],
  };
}

/** Rows of the element-wise ops. */
export const elementwiseRows = {
  add: binary('a + b with broadcasting.', ({ inputs: [a, b] }, [dy]) => [sumTo(dy!, a!.shape), sumTo(dy!, b!.shape)]),
  sub: binary('a - b with broadcasting.', ({ inputs: [a, b] }, [dy]) => [sumTo(dy!, a!.shape), sumTo(neg(dy!), b!.shape)]),
  mul: binary('a * b with broadcasting.', ({ inputs: [a, b] }, [dy]) => [sumTo(mul(dy!, b!), a!.shape), sumTo(mul(dy!, a!), b!.shape)]),
  div: binary('a / b with broadcasting (i32 truncates).', ({ inputs: [a, b], outputs: [y] }, [dy]) => {
    const da = div(dy!, b!);
    return [sumTo(da, a!.shape), sumTo(neg(mul(da, y!)), b!.shape)];
  }),
  maximum: binary('The greater of a and b with broadcasting.', ({ inputs: [a, b] }, [dy]) => {
    const second = less(a!, b!);
    return [sumTo(where(second, 0, dy!), a!.shape), sumTo(where(second, dy!, 0), b!.shape)];
  }),
  less: binary('1 where a < b, else 0 (f32).', 'zero', 'f32'),
  equal: binary('1 where a = b, else 0 (f32).', 'zero', 'f32'),
  where: {
    documentation: 'a where condition (f32) is not 0, else b, with broadcasting.',
    infer: (inputs, _, fail) => {
      const [condition, a, b] = inputs as [TensorSpec, TensorSpec, TensorSpec];
      if (condition.dtype !== 'f32') fail('the condition is f32, 1 or 0');
      if (a.dtype !== b.dtype) fail('both branches need the same dtype; use cast');
      return [{ shape: broadcastAll(inputs, fail), dtype: a.dtype }];
    },
    gradient: ({ inputs: [condition, a, b] }, [dy]) => [undefined, sumTo(where(condition!, dy!, 0), a!.shape), sumTo(where(condition!, 0, dy!), b!.shape)],
  } satisfies OpRow<'where'>,
  neg: { ...unary('-x.', (_x, _y, dy) => neg(dy)), infer: ([x]) => [{ shape: x!.shape, dtype: x!.dtype }] } satisfies OpRow<'neg'>,
  exp: unary('e^x.', (_x, y, dy) => mul(dy, y)),
  log: unary('ln x.', (x, _y, dy) => div(dy, x)),
  sqrt: unary('Square root of x.', (_x, y, dy) => div(mul(dy, 0.5), y)),
  erf: unary('Gauss error function 2/sqrt(pi) integral_0^x exp(-t^2) dt.', (x, _y, dy) => mul(dy, mul(exp(neg(mul(x, x))), 2 / Math.sqrt(Math.PI)))),
  cast: {
    documentation: 'The same values in another dtype; to i32 truncates towards 0.',
    infer: ([x], { dtype }) => [{ shape: x!.shape, dtype }],
    gradient: ({ inputs: [x], attributes }, [dy]) => [x!.dtype === 'f32' && attributes.dtype === 'f32' ? dy : undefined],
  } satisfies OpRow<'cast'>,
  stopGradient: {
    documentation: 'x; no gradient flows through it.',
    view: true,
    infer: ([x]) => [{ shape: x!.shape, dtype: x!.dtype }],
    gradient: 'zero',
  } satisfies OpRow<'stopGradient'>,
};
