// Every op on odd, zero-size and broadcast shapes: what each device's test runs against the plain reference.
import type { Graph, HostArrays, OpName, Tensor, Tensors } from '@hybridmed/tensor';
import { grad, ops, sizeOf, trace } from '@hybridmed/tensor';
import { floats, ids, mask, positive } from './numbers.ts';

/** An op applied to arrays. */
export interface OpCase {
  readonly name: string;
  readonly data: HostArrays;
  readonly fn: (inputs: Tensors) => Tensor;
}

const one = (name: string, data: HostArrays, fn: OpCase['fn']): OpCase => ({ name, data, fn });
const unary = (fn: (x: Tensor) => Tensor, make = floats): OpCase[] =>
  [[3, 5], [], [0, 4], [7, 1, 3], [1023]].map((shape) => one(`[${shape}]`, { x: make(shape) }, ({ x }) => fn(x!)));
const binary = (fn: (a: Tensor, b: Tensor) => Tensor, right = floats): OpCase[] =>
  [
    [
      [3, 5],
      [3, 5],
    ],
    [[3, 5], [5]],
    [
      [3, 1],
      [1, 5],
    ],
    [[], [2, 3]],
    [
      [0, 3],
      [1, 3],
    ],
    [
      [2, 1, 63],
      [65, 1],
    ],
  ].map(([a, b]) => one(`[${a}] with [${b}]`, { a: floats(a!), b: right(b!, 2) }, ({ a: left, b: other }) => fn(left!, other!)));
const whole = (fn: (a: Tensor, b: Tensor) => Tensor): OpCase =>
  one('of whole numbers', { a: ids([4, 3], 9), b: ids([3], 7, 2) }, ({ a, b }) => fn(ops.sub(a!, 4), b!));
const overLast = (fn: (x: Tensor) => Tensor): OpCase[] =>
  [[5], [3, 7], [2, 1, 33], [0, 3], [3, 65], [2, 1023]].map((shape) => one(`[${shape}]`, { x: floats(shape) }, ({ x }) => fn(x!)));

const attention = (b: number, t: number, s: number, options: { causal?: boolean; mask?: HostArrays[string]; width?: number }): OpCase =>
  one(
    `${b} x ${t} x ${s} x ${options.width ?? 6}${options.causal ? ', causal' : ''}${options.mask ? ', masked' : ''}`,
    {
      q: floats([b, t, options.width ?? 6]),
      k: floats([b, s, options.width ?? 6], 2),
      v: floats([b, s, options.width ?? 6], 3),
      ...(options.mask ? { seen: options.mask } : {}),
    },
    ({ q, k, v, seen }) => ops.attention(q!, k!, v!, { heads: 2, causal: options.causal ?? false, ...(seen ? { mask: seen } : {}) }),
  );

const vocabularyData = (rows: number[], width: number, words: number): HostArrays => ({
  h: floats([...rows, width]),
  w: floats([words, width], 2),
  b: floats([words], 3),
  t: ids(rows, words),
});

/** Numbers in a graph that nothing is differentiated by. */
function constantOf(shape: readonly number[]): Tensor {
  const size = sizeOf(shape);
  const steps = ops.cast(ops.iota(size), 'f32');
  return ops.reshape(ops.mul(ops.sub(steps, size / 2), 1.5 / size), shape);
}

const blind = { data: Float32Array.of(1, 1, 0, 0, 0, 0), shape: [2, 3] };

/** Ops that a case may be of: gradients are covered by the ops that they belong to, and AdamW is tested on state. */
export type CoveredOp = Exclude<OpName, 'input' | 'adamW' | `${string}Grad${'' | 'Input' | 'Weight'}`>;

/** Cases of every op: a missing row does not compile. */
export const opCases: Record<CoveredOp, readonly OpCase[]> = {
  full: [
    one('broadcast', { x: floats([2, 3]) }, ({ x }) => ops.add(x!, ops.full(1.5, [4, 1, 3]))),
    one('alone', { x: floats([1]) }, () => ops.full(-2.5, [3, 2])),
  ],
  iota: [one('as numbers', { x: floats([5]) }, ({ x }) => ops.mul(x!, ops.cast(ops.iota(5), 'f32')))],
  size: [one('of an axis', { x: floats([3, 2]) }, ({ x }) => ops.mul(x!, ops.size(3)))],
  random: [
    one('from a key', { key: ids([2], 1 << 30), x: floats([3, 5]) }, ({ key, x }) => ops.mul(x!, ops.random(key!, [3, 5], 77))),
    one('transposed', { key: ids([2], 1 << 30) }, ({ key }) => ops.transpose(ops.random(key!, [3, 5], 1))),
  ],
  add: [...binary(ops.add), whole(ops.add)],
  sub: [...binary(ops.sub), whole(ops.sub)],
  mul: [...binary(ops.mul), whole(ops.mul)],
  div: binary(ops.div, positive),
  maximum: [...binary(ops.maximum), whole(ops.maximum)],
  less: [...binary(ops.less), whole(ops.less)],
  equal: [whole(ops.equal), one('with itself', { x: floats([7]) }, ({ x }) => ops.equal(x!, x!))],
  where: [
    one('broadcast', { c: mask([4, 1]), a: floats([4, 3]), b: floats([3], 2) }, ({ c, a, b }) => ops.where(c!, a!, b!)),
    one('of whole numbers', { c: mask([4]), a: ids([4], 9), b: ids([1], 9) }, ({ c, a, b }) => ops.where(c!, a!, b!)),
  ],
  neg: unary(ops.neg),
  exp: unary(ops.exp),
  log: unary(ops.log, positive),
  sqrt: unary(ops.sqrt, positive),
  erf: unary(ops.erf),
  cast: [one('to whole numbers and back', { x: floats([9]) }, ({ x }) => ops.cast(ops.cast(x!, 'i32'), 'f32'))],
  stopGradient: [one('beside a path', { x: floats([4]) }, ({ x }) => ops.mul(x!, ops.stopGradient(x!)))],
  sum: [
    ...[[0], [1, 2], [0, 1, 2]].flatMap((axes) =>
      [false, true].map((keepDims) => one(`over ${axes}${keepDims ? ', kept' : ''}`, { x: floats([3, 5, 2]) }, ({ x }) => ops.sum(x!, { axes, keepDims }))),
    ),
    one('over no rows', { x: floats([0, 3]) }, ({ x }) => ops.sum(x!, { axes: [0] })),
    one('over 1,023', { x: floats([2, 1023]) }, ({ x }) => ops.sum(x!, { axes: [1] })),
    one('of whole numbers', { x: ids([3, 200], 50) }, ({ x }) => ops.sum(x!, { axes: [1] })),
  ],
  max: [
    one('over the last axis', { x: floats([3, 7]) }, ({ x }) => ops.max(x!, { axes: [-1] })),
    one('with ties', { x: mask([5, 4]) }, ({ x }) => ops.max(x!, { axes: [0], keepDims: true })),
    one('over the middle of 197', { x: floats([2, 197, 3]) }, ({ x }) => ops.max(x!, { axes: [1] })),
    one('of whole numbers', { x: ids([3, 5], 50) }, ({ x }) => ops.max(ops.sub(x!, 60), { axes: [1] })),
  ],
  argmax: [
    one('of rows', { x: floats([5, 9]) }, ({ x }) => ops.cast(ops.argmax(x!), 'f32')),
    one('of whole numbers', { x: ids([2, 3, 9], 4) }, ({ x }) => ops.argmax(x!)),
    one('of no rows', { x: floats([0, 9]) }, ({ x }) => ops.argmax(x!)),
  ],
  reshape: [
    one('and back', { x: floats([4, 6]) }, ({ x }) => ops.reshape(ops.reshape(x!, [2, 12]), [4, 6])),
    one('of nothing', { x: floats([0, 6]) }, ({ x }) => ops.reshape(x!, [3, 0])),
    one('of a transpose', { x: floats([3, 4]) }, ({ x }) => ops.reshape(ops.transpose(x!), [2, 6])),
  ],
  transpose: [
    one('of four axes', { x: floats([2, 3, 4, 5]) }, ({ x }) => ops.transpose(x!, [2, 0, 3, 1])),
    one('twice', { x: floats([3, 1, 4]) }, ({ x }) => ops.neg(ops.transpose(ops.exp(ops.transpose(x!, [1, 2, 0])), [2, 0, 1]))),
  ],
  broadcast: [
    one('of a row', { x: floats([1, 3]) }, ({ x }) => ops.broadcast(x!, [4, 3])),
    one('of a long chain', { x: floats([3, 1]) }, ({ x }) => ops.broadcast(ops.exp(ops.neg(ops.exp(x!))), [2, 3, 4])),
  ],
  slice: [
    one('with strides', { x: floats([7, 9]) }, ({ x }) => ops.slice(x!, [1, 2], [3, 2], [2, 4])),
    one('three parts that tile an axis', { x: floats([2, 3, 9]) }, ({ x }) =>
      [0, 1, 2].map((i) => ops.mul(ops.narrow(x!, -1, 3 * i, 3), i + 2)).reduce(ops.mul),
    ),
    one('parts with a gap', { x: floats([2, 9]) }, ({ x }) => ops.mul(ops.narrow(x!, -1, 0, 3), ops.narrow(x!, -1, 5, 3))),
    one('of iota', { x: floats([3]) }, ({ x }) => ops.mul(x!, ops.cast(ops.slice(ops.iota(9), [2], [3], [3]), 'f32'))),
    one('of nothing', { x: floats([4, 3]) }, ({ x }) => ops.slice(x!, [1, 0], [0, 3])),
  ],
  pad: [
    one('inside and outside', { x: floats([2, 3]) }, ({ x }) => ops.pad(x!, [1, 2], [4, 9], [0, 1])),
    one('of whole numbers', { x: ids([3], 9) }, ({ x }) => ops.pad(x!, [1], [5])),
    one('of nothing', { x: floats([0, 3]) }, ({ x }) => ops.pad(x!, [1, 0], [2, 3])),
  ],
  concat: [
    one('of two', { a: floats([2, 3]), b: floats([2, 1], 2) }, ({ a, b }) => ops.concat([a!, b!], 1)),
    one('of chains and nothing', { a: floats([2, 3]), b: floats([0, 3], 2) }, ({ a, b }) => ops.concat([ops.exp(a!), b!, ops.mul(a!, a!)], 0)),
    one('of whole numbers', { a: ids([2], 5), b: ids([3], 9) }, ({ a, b }) => ops.concat([a!, b!, a!], 0)),
  ],
  gather: [
    one('rows, clamped', { table: floats([5, 3]), at: { data: Int32Array.of(0, 4, 4, 9, -1, 2), shape: [2, 3] } }, ({ table, at }) => ops.gather(table!, at!)),
    one('single numbers', { table: floats([5]), at: ids([7], 5) }, ({ table, at }) => ops.gather(table!, at!)),
    one('whole numbers', { table: ids([5, 2], 99), at: ids([4], 5) }, ({ table, at }) => ops.gather(table!, at!)),
    one('nothing', { table: floats([5, 3]), at: ids([0], 5) }, ({ table, at }) => ops.gather(table!, at!)),
  ],
  scatterAdd: [
    one('with repeats', { x: floats([6, 3]), at: ids([6], 4) }, ({ x, at }) => ops.scatterAdd(x!, at!, 5)),
    one('many, two axes of ids', { x: floats([7, 21, 2]), at: ids([7, 21], 9) }, ({ x, at }) => ops.scatterAdd(x!, at!, 11)),
    one('nothing', { x: floats([0, 3]), at: ids([0], 4) }, ({ x, at }) => ops.scatterAdd(x!, at!, 5)),
  ],
  matmul: [
    ...[false, true].flatMap((transposeA) =>
      [false, true].flatMap((transposeB) =>
        [[], [2], [3, 2]].map((lead) =>
          one(
            `[${lead}]${transposeA ? ' A^T' : ''}${transposeB ? ' B^T' : ''}`,
            { a: floats([...lead, ...(transposeA ? [5, 3] : [3, 5])]), b: floats([...lead.slice(-1), ...(transposeB ? [7, 5] : [5, 7])], 2) },
            ({ a, b }) => ops.matmul(a!, b!, { transposeA, transposeB }),
          ),
        ),
      ),
    ),
    ...[
      [1, 1, 1],
      [63, 65, 3],
      [2, 197, 64],
      [0, 4, 3],
      [3, 4, 0],
      [3, 0, 4],
    ].map(([m, k, n]) => one(`${m} x ${k} x ${n}`, { a: floats([m!, k!]), b: floats([k!, n!], 2) }, ({ a, b }) => ops.matmul(a!, b!))),
    ...[
      [4, 0, 8],
      [8, 5, 4],
      [64, 65, 4],
    ].map(([m, k, n]) =>
      one(`${m} x ${k} x ${n}, A^T`, { a: floats([k!, m!]), b: floats([k!, n!], 2) }, ({ a, b }) => ops.matmul(a!, b!, { transposeA: true })),
    ),
    one('batches that broadcast', { a: floats([2, 1, 3, 5]), b: floats([1, 3, 5, 4], 2) }, ({ a, b }) => ops.matmul(a!, b!)),
  ],
  conv2d: [
    one('of an image', { x: floats([2, 3, 11, 9]), w: floats([4, 3, 3, 3], 2) }, ({ x, w }) => ops.conv2d(x!, w!, { stride: [2, 2], padding: [1, 1] })),
    one('of many channels', { x: floats([2, 6, 7, 8]), w: floats([5, 6, 3, 2], 2) }, ({ x, w }) => ops.conv2d(x!, w!, { stride: [2, 1], padding: [0, 1] })),
    one('of single pixels', { x: floats([1, 6, 5, 5]), w: floats([3, 6, 1, 1], 2) }, ({ x, w }) => ops.conv2d(x!, w!, { stride: [2, 2] })),
    one('of no images', { x: floats([0, 2, 5, 5]), w: floats([3, 2, 3, 3], 2) }, ({ x, w }) => ops.conv2d(x!, w!)),
    one('with more zeros below and to the right', { x: floats([2, 3, 8, 6]), w: floats([4, 3, 3, 3], 2) }, ({ x, w }) =>
      ops.conv2d(x!, w!, { stride: [2, 2], padding: [0, 0, 1, 1] }),
    ),
    one('in two groups', { x: floats([2, 6, 7, 8]), w: floats([4, 3, 3, 2], 2) }, ({ x, w }) =>
      ops.conv2d(x!, w!, { stride: [2, 1], padding: [1, 0], groups: 2 }),
    ),
    one('depthwise', { x: floats([2, 5, 6, 9]), w: floats([5, 1, 3, 3], 2) }, ({ x, w }) => ops.conv2d(x!, w!, { padding: [1, 1], groups: 5 })),
    one('depthwise 5 x 5 with steps and unequal zeros', { x: floats([2, 3, 10, 12]), w: floats([3, 1, 5, 5], 2) }, ({ x, w }) =>
      ops.conv2d(x!, w!, { stride: [2, 2], padding: [1, 1, 2, 2], groups: 3 }),
    ),
    one('depthwise with two outputs a channel', { x: floats([1, 3, 5, 5]), w: floats([6, 1, 3, 3], 2) }, ({ x, w }) =>
      ops.conv2d(x!, w!, { padding: [1, 1, 1, 1], groups: 3 }),
    ),
    one('depthwise of no images', { x: floats([0, 2, 5, 5]), w: floats([2, 1, 3, 3], 2) }, ({ x, w }) => ops.conv2d(x!, w!, { groups: 2 })),
  ],
  gelu: unary(ops.gelu),
  softmax: overLast(ops.softmax),
  logSoftmax: overLast(ops.logSoftmax),
  layerNorm: [
    [5, 8],
    [2, 3, 16],
    [0, 4],
    [197, 65],
  ].map((shape) =>
    one(`[${shape}]`, { x: floats(shape), w: floats(shape.slice(-1), 2), b: floats(shape.slice(-1), 3) }, ({ x, w, b }) => ops.layerNorm(x!, w!, b!, 1e-5)),
  ),
  batchNorm: [
    [4, 3, 2, 5],
    [1, 2, 3, 3],
    [3, 5, 1, 1],
    [2, 4, 17, 8],
  ].map((shape) =>
    one(`[${shape}]`, { x: floats(shape), w: floats([shape[1]!], 2), b: floats([shape[1]!], 3) }, ({ x, w, b }) => ops.batchNorm(x!, w!, b!, 1e-5).y),
  ),
  attention: [
    attention(2, 3, 5, {}),
    attention(1, 4, 4, { causal: true }),
    attention(2, 3, 3, { mask: blind }),
    attention(2, 3, 3, { causal: true, mask: blind }),
    attention(1, 65, 63, { width: 64 }),
    attention(0, 3, 3, {}),
    attention(2, 1, 197, { width: 10 }),
    attention(2, 0, 4, {}),
    attention(2, 3, 0, { width: 8 }),
    attention(2, 9, 9, { width: 24, causal: true }),
  ],
  crossEntropy: [
    one('of rows', { x: floats([2, 3, 11]), t: ids([2, 3], 11) }, ({ x, t }) => ops.crossEntropy(x!, t!)),
    one('of 1,023 words', { x: floats([3, 1023]), t: ids([3], 1023) }, ({ x, t }) => ops.crossEntropy(x!, t!)),
    one('of no rows', { x: floats([0, 5]), t: ids([0], 5) }, ({ x, t }) => ops.crossEntropy(x!, t!)),
    one('of ignored rows', { x: floats([5, 7]), t: { data: Int32Array.of(-100, 6, 7, -1, 0), shape: [5] } }, ({ x, t }) => ops.crossEntropy(x!, t!)),
    one('of nothing but ignored rows', { x: floats([2, 7]), t: { data: Int32Array.of(-100, 7), shape: [2] } }, ({ x, t }) => ops.crossEntropy(x!, t!)),
  ],
  vocabularyLoss: [
    one(
      'without a teacher',
      vocabularyData([2, 3], 4, 11),
      ({ h, w, b, t }) => ops.vocabularyLoss({ hidden: h!, weight: w!, bias: b!, target: t! }).crossEntropy,
    ),
    one(
      'of ignored rows',
      { ...vocabularyData([5], 3, 9), t: { data: Int32Array.of(-100, 8, 9, -1, 0), shape: [5] } },
      ({ h, w, b, t }) => ops.vocabularyLoss({ hidden: h!, weight: w!, bias: b!, target: t! }).crossEntropy,
    ),
    one('of no rows', vocabularyData([0, 3], 4, 11), ({ h, w, b, t }) => ops.vocabularyLoss({ hidden: h!, weight: w!, bias: b!, target: t! }).crossEntropy),
    ...[1, 2.5].flatMap((temperature) =>
      [false, true].map((both) =>
        one(`with a teacher, T ${temperature}${both ? ', both losses' : ''}`, vocabularyData([65], 3, 13), ({ h, w, b, t }) => {
          const teacher = { hidden: constantOf([65, 2]), weight: constantOf([13, 2]), bias: constantOf([13]), temperature };
          const losses = ops.vocabularyLoss({ hidden: h!, weight: w!, bias: b!, target: t!, teacher });
          return both ? ops.add(losses.crossEntropy, ops.mul(losses.divergence!, 3)) : losses.divergence!;
        }),
      ),
    ),
  ],
  distillation: [1, 2.5].map((temperature) =>
    one(`at temperature ${temperature}`, { s: floats([4, 9]), t: floats([4, 9], 2) }, ({ s, t }) => ops.distillation(s!, ops.stopGradient(t!), temperature)),
  ),
};

/** The value and, of f32, the gradients of its weighted sum. */
export function valueAndGradients({ data, fn }: OpCase): Graph {
  return trace(
    {
      data: Object.fromEntries(
        Object.entries(data).map(([name, { data: numbers, shape }]) => [name, { shape, dtype: numbers instanceof Int32Array ? 'i32' : 'f32' }]),
      ),
    },
    (inputs) => {
      const value = fn(inputs);
      const names = Object.keys(inputs).filter((name) => inputs[name]!.dtype === 'f32');
      if (value.dtype !== 'f32' || names.length === 0) return { results: { value } };
      const count = value.shape.reduce<number>((a, b) => a * (b as number), 1);
      const weights = ops.exp(ops.mul(ops.cast(ops.iota(count), 'f32'), -0.3));
      const loss = ops.sum(ops.mul(ops.reshape(value, [count]), weights));
      const gradients = grad(
        loss,
        names.map((name) => inputs[name]!),
      );
      return { results: { value, ...Object.fromEntries(names.map((name, i) => [`grad.${name}`, gradients[i]!])) } };
    },
  );
}
