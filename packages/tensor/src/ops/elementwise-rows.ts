// Rows of the element-wise primitives: shapes by broadcasting, and gradients summed back to each operand's shape.
import { broadcastShapes } from '../dim.ts';
import type { DType, TensorSpec } from '../spec.ts';
import type { Tensor } from '../node.ts';
import type { OpName } from './attributes.ts';
import { div, exp, less, mul, neg, where } from './elementwise.ts';
import { sumTo } from './reductions.ts';
import type { OpRow } from './op-row.ts';

function broadcastAll(inputs: readonly TensorSpec[], fail: (problem: string) => never): TensorSpec['shape'] {
  return inputs.map((input) => input.shape).reduce((a, b) => broadcastShapes(a, b) ?? fail('shapes do not broadcast'));
}

type Binary = Extract<OpName, 'add' | 'sub' | 'mul' | 'div' | 'maximum' | 'less' | 'equal'>;
type Unary = Extract<OpName, 'neg' | 'exp' | 'log' | 'sqrt' | 'erf'>;

function binary<K extends Binary>(documentation: string, gradient: OpRow<K>['gradient'], result?: DType): OpRow<K> {
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

function unary<K extends Unary>(documentation: string, derivative: (x: Tensor, y: Tensor, dy: Tensor) => Tensor): OpRow<K> {
  return {
    documentation,
    infer: ([x], _, fail) => (x!.dtype === 'f32' || fail('takes f32'), [{ shape: x!.shape, dtype: x!.dtype }]),
    gradient: (node, [dy]) => [derivative(node.inputs[0]!, node.outputs[0]!, dy!)],
  };
}

/** Rows of the element-wise ops. */
export const elementwiseRows = {
  add: binary<'add'>('a + b with broadcasting.', ({ inputs: [a, b] }, [dy]) => [sumTo(dy!, a!.shape), sumTo(dy!, b!.shape)]),
  sub: binary<'sub'>('a - b with broadcasting.', ({ inputs: [a, b] }, [dy]) => [sumTo(dy!, a!.shape), sumTo(neg(dy!), b!.shape)]),
  mul: binary<'mul'>('a * b with broadcasting.', ({ inputs: [a, b] }, [dy]) => [sumTo(mul(dy!, b!), a!.shape), sumTo(mul(dy!, a!), b!.shape)]),
  div: binary<'div'>('a / b with broadcasting (i32 truncates).', ({ inputs: [a, b], outputs: [y] }, [dy]) => {
    const da = div(dy!, b!);
    return [sumTo(da, a!.shape), sumTo(neg(mul(da, y!)), b!.shape)];
  }),
  maximum: binary<'maximum'>('The greater of a and b with broadcasting.', ({ inputs: [a, b] }, [dy]) => {
    const second = less(a!, b!);
    return [sumTo(where(second, 0, dy!), a!.shape), sumTo(where(second, dy!, 0), b!.shape)];
  }),
  less: binary<'less'>('1 where a < b, else 0 (f32).', 'zero', 'f32'),
  equal: binary<'equal'>('1 where a = b, else 0 (f32).', 'zero', 'f32'),
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
  neg: { ...unary<'neg'>('-x.', (_x, _y, dy) => neg(dy)), infer: ([x]) => [{ shape: x!.shape, dtype: x!.dtype }] } satisfies OpRow<'neg'>,
  exp: unary<'exp'>('e^x.', (_x, y, dy) => mul(dy, y)),
  log: unary<'log'>('ln x.', (x, _y, dy) => div(dy, x)),
  sqrt: unary<'sqrt'>('Square root of x.', (_x, y, dy) => div(mul(dy, 0.5), y)),
  erf: unary<'erf'>('Gauss error function 2/sqrt(pi) integral_0^x exp(-t^2) dt.', (x, _y, dy) => mul(dy, mul(exp(neg(mul(x, x))), 2 / Math.sqrt(Math.PI)))),
  cast: {
    documentation: 'The same values in another dtype; to i32 truncates towards 0.',
    infer: ([x], { dtype }) => [{ shape: x!.shape, dtype }],
    gradient: ({ inputs: [x], attributes }, [dy]) => [x!.dtype === 'f32' && attributes.dtype === 'f32' ? dy : undefined],
  } satisfies OpRow<'cast'>,
  stopGradient: {
    documentation: 'x; no gradient flows through it.',
    infer: ([x]) => [{ shape: x!.shape, dtype: x!.dtype }],
    gradient: 'zero',
  } satisfies OpRow<'stopGradient'>,
};
