// Rules of element-wise ops, sources and random numbers.
import type { Node, OpName, Tensor } from '@hybridmed/tensor';
import type { GraphBuilder } from '../model/builder.ts';
import { elementTypes } from '../model/proto.ts';
import { biasedProduct } from './bias.ts';
import type { LoweringContext, Rule } from './rule.ts';
import { tiles } from './tiles.ts';

const inputs = ({ name }: LoweringContext, node: { readonly inputs: readonly Tensor[] }): string[] => node.inputs.map(name);

const direct =
  (op: string): Rule<OpName> =>
  (context, node) => [context.b.node(op, inputs(context, node))];

const comparison =
  (op: string): Rule<OpName> =>
  (context, node) => {
    const bool = context.b.node(op, inputs(context, node));
    context.setBool(node.outputs[0]!, bool);
    return [context.b.node('Cast', [bool], { to: elementTypes.f32 })];
  };

const full: Rule<'full'> = ({ b }, { attributes: { value, shape, dtype } }) => {
  const one = b.constant(dtype, [value], []);
  return [shape.length === 0 ? one : b.once(`full ${dtype} ${value} ${shape.join()}`, () => b.node('Expand', [one, b.shape(shape)]))];
};

const iota: Rule<'iota'> = ({ b }, { attributes: { size } }) => {
  if (typeof size === 'number')
    return [
      b.constant(
        'i32',
        Array.from({ length: size }, (_, i) => i),
      ),
    ];
  return [
    b.once(`iota ${size}`, () => {
      const limit = b.node('Cast', [b.node('Squeeze', [b.dim(size)])], { to: elementTypes.i32 });
      return b.node('Range', [b.constant('i32', [0], []), limit, b.constant('i32', [1], [])]);
    }),
  ];
};

const size: Rule<'size'> = ({ b }, { attributes: { dim } }) => [
  b.once(`size ${dim}`, () => b.node('Cast', [b.node('Squeeze', [b.dim(dim)])], { to: elementTypes.f32 })),
];

/** x mod 2^32 of a non-negative or wrapped int64. */
const low32 = (b: GraphBuilder, x: string): string => b.node('BitwiseAnd', [x, b.constant('i64', [0xffffffff], [])]);

/** x >> bits of a value below 2^32. */
const shiftRight = (b: GraphBuilder, x: string, bits: number): string => b.node('Div', [x, b.constant('i64', [2 ** bits], [])]);

/** MurmurHash3's finalizer on int64 values below 2^32; products wrap at 2^64, which keeps their low 32 bits right. */
function mix(b: GraphBuilder, x: string): string {
  const step = (value: string, bits: number, factor?: number) => {
    const mixed = b.node('BitwiseXor', [value, shiftRight(b, value, bits)]);
    return factor === undefined ? mixed : low32(b, b.node('Mul', [mixed, b.constant('i64', [factor], [])]));
  };
  return step(step(step(x, 16, 0x85ebca6b), 13, 0xc2b2ae35), 16);
}

const random: Rule<'random'> = ({ b, name }, { inputs: [key], attributes: { shape, stream } }) => {
  const words = b.node('Cast', [name(key!)], { to: elementTypes.i64 });
  const word = (i: number) => low32(b, b.node('Gather', [words, b.constant('i64', [i], [])]));
  const total = b.node('ReduceProd', [b.shape([1, ...shape])], { keepdims: 0 });
  const index = b.node('Range', [b.constant('i64', [0], []), total, b.constant('i64', [1], [])]);
  const first = mix(b, b.node('BitwiseXor', [index, word(0)]));
  const shifted = low32(b, b.node('Add', [first, b.constant('i64', [Math.imul(stream, 0x9e3779b9) >>> 0], [])]));
  const second = mix(b, b.node('BitwiseXor', [shifted, word(1)]));
  const uniform = b.node('Mul', [b.node('Cast', [shiftRight(b, second, 8)], { to: elementTypes.f32 }), b.scalar(2 ** -24)]);
  return [b.node('Reshape', [uniform, b.shape(shape)])];
};

const where: Rule<'where'> = ({ b, bool, name }, { inputs: [condition, x, y] }) => [b.node('Where', [bool(condition!), name(x!), name(y!)])];

const cast: Rule<'cast'> = ({ b, name }, { inputs: [x], attributes: { dtype } }) => [b.node('Cast', [name(x!)], { to: elementTypes[dtype] })];

const stopGradient: Rule<'stopGradient'> = ({ name }, { inputs: [x] }) => [name(x!)];

const add: Rule<'add'> = (context, node) => {
  const biased = biasedProduct(context, node);
  if (biased !== undefined) return [biased];
  // The gradients of slices that cut an array up are pads which tile it: their sum is a concatenation.
  const parts = tiles(node as Node);
  if (parts) return [context.b.node('Concat', parts.values.map(context.name), { axis: parts.axis })];
  return [context.b.node('Add', inputs(context, node))];
};

/** Rules of element-wise ops and sources. */
export const elementwise = {
  full,
  iota,
  size,
  random,
  add,
  sub: direct('Sub'),
  mul: direct('Mul'),
  div: direct('Div'),
  maximum: direct('Max'),
  less: comparison('Less'),
  equal: comparison('Equal'),
  where,
  neg: direct('Neg'),
  exp: direct('Exp'),
  log: direct('Log'),
  sqrt: direct('Sqrt'),
  erf: direct('Erf'),
  cast,
  stopGradient,
};
