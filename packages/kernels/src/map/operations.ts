// The element-wise operations that a chain is made of: one row each, with its text, the functions that the text calls, and its value on the host.
// What else steps do (constants, positions, random numbers) depends on more than their arguments, and stands with the chain.
import type { ElementType } from '../kernel.ts';
import { erf } from './erf.ts';
import type { ItemType } from './functions.ts';
import { erfFunction, geluFunctions } from './functions.ts';

/** The type of an item in the text: that of an element, or of a quad of them. */
export type TypeOf = (scalar: 'f32' | 'i32') => string;

/** One operation on values of one element. */
export interface MapOperation {
  /** How many arguments it takes. */
  readonly arity: number;
  /** The expression on the names of its arguments. */
  readonly text: (names: readonly string[], of: TypeOf) => string;
  /** Functions that the expression calls, for items of a type. */
  readonly functions?: (item: ItemType) => string;
  /** The value in float64; `whole` where it is computed with i32. */
  readonly value: (values: readonly number[], whole: boolean) => number;
  /** Types of its argument and its value, where they differ. */
  readonly converts?: { readonly from: ElementType; readonly to: ElementType };
  /** Whether it is defined for positive arguments alone. */
  readonly positive?: boolean;
}

const infix =
  (sign: string): MapOperation['text'] =>
  ([a, b]) =>
    `${a} ${sign} ${b}`;
const call =
  (name: string): MapOperation['text'] =>
  (names) =>
    `${name}(${names.join(', ')})`;
const comparison =
  (sign: string): MapOperation['text'] =>
  ([a, b], of) =>
    `select(${of('f32')}(0.0f), ${of('f32')}(1.0f), ${a} ${sign} ${b})`;

/** An operation of as many arguments as its value takes. */
const row = (text: MapOperation['text'], value: (...values: number[]) => number, more: Partial<MapOperation> = {}): MapOperation => ({
  arity: value.length,
  text,
  value: (values) => value(...values),
  ...more,
});

const cumulative = (x: number): number => 0.5 * (1 + erf(x / Math.SQRT2));
const density = (x: number): number => Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);

/** The operations by name (`add` to `maximum` also take i32). Functions come into a shader in this order. */
export const mapOperations = {
  add: row(infix('+'), (a, b) => a + b),
  sub: row(infix('-'), (a, b) => a - b),
  mul: row(infix('*'), (a, b) => a * b),
  div: { arity: 2, positive: true, text: infix('/'), value: ([a, b], whole) => (whole ? Math.trunc(a! / b!) : a! / b!) },
  maximum: row(call('max'), Math.max),
  less: row(comparison('<'), (a, b) => (a < b ? 1 : 0)),
  equal: row(comparison('=='), (a, b) => (a === b ? 1 : 0)),
  where: row(
    ([condition, a, b], of) => `select(${b}, ${a}, ${condition} != ${of('f32')}(0.0f))`,
    (condition, a, b) => (condition === 0 ? b : a),
  ),
  neg: row(
    ([x]) => `-${x}`,
    (x) => -x,
  ),
  exp: row(call('exp'), Math.exp),
  log: row(call('log'), Math.log, { positive: true }),
  sqrt: row(call('sqrt'), Math.sqrt, { positive: true }),
  erf: row(call('erf'), erf, { functions: erfFunction }),
  gelu: row(call('gelu'), (x) => x * cumulative(x), { functions: geluFunctions }),
  geluGrad: row(call('geluGrad'), (x, dy) => dy * (cumulative(x) + x * density(x)), { functions: geluFunctions }),
  toF32: row(
    ([x], of) => `${of('f32')}(${x})`,
    (x) => x,
    { converts: { from: 'i32', to: 'f32' } },
  ),
  toI32: row(([x], of) => `${of('i32')}(${x})`, Math.trunc, { converts: { from: 'f32', to: 'i32' } }),
} as const satisfies Readonly<Record<string, MapOperation>>;

/** Names of the operations. */
export type MapOperationName = keyof typeof mapOperations;
