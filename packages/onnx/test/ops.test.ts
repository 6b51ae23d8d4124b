// Every op and its gradient on the CPU device against the plain reference, with odd, zero-size and broadcast shapes.
import type { HostArrays, OpName, Tensor, Tensors } from '@hybridmed/tensor';
import { compile, graphNodes, grad, ops, trace } from '@hybridmed/tensor';
import { describe, expect, test } from 'vitest';
import { greatestError, floats, ids, mask, plain, positive, runBoth } from './support.ts';

interface Case {
  readonly name: string;
  readonly data: HostArrays;
  readonly fn: (inputs: Tensors) => Tensor;
}

const one = (name: string, data: HostArrays, fn: Case['fn']): Case => ({ name, data, fn });
const unary = (fn: (x: Tensor) => Tensor, make = floats): Case[] =>
  [[3, 5], [], [0, 4], [7, 1, 3]].map((shape) => one(`[${shape}]`, { x: make(shape) }, ({ x }) => fn(x!)));
const binary = (fn: (a: Tensor, b: Tensor) => Tensor, right = floats): Case[] =>
  [
    [[3, 5], [3, 5]],
    [[3, 5], [5]],
    [[3, 1], [1, 5]],
    [[], [2, 3]],
    [[0, 3], [1, 3]],
  ].map(([a, b]) => one(`[${a}] with [${b}]`, { a: floats(a!), b: right(b!, 2) }, ({ a: left, b: other }) => fn(left!, other!)));
const overLast = (fn: (x: Tensor) => Tensor): Case[] => [[5], [3, 7], [2, 1, 33], [0, 3]].map((shape) => one(`[${shape}]`, { x: floats(shape) }, ({ x }) => fn(x!)));

const attention = (b: number, t: number, s: number, options: { causal?: boolean; mask?: HostArrays[string] }): Case =>
  one(
    `${b} x ${t} x ${s}${options.causal ? ', causal' : ''}${options.mask ? ', masked' : ''}`,
    { q: floats([b, t, 6]), k: floats([b, s, 6], 2), v: floats([b, s, 6], 3), ...(options.mask ? { seen: options.mask } : {}) },
    ({ q, k, v, seen }) => ops.attention(q!, k!, v!, { heads: 2, causal: options.causal ?? false, ...(seen ? { mask: seen } : {}) }),
  );

const blind = { data: Float32Array.of(1, 1, 0, 0, 0, 0), shape: [2, 3] };

/** Rows whose gradient is differentiated with the op itself are covered by it. */
type Covered = Exclude<OpName, 'input' | 'geluGrad' | 'layerNormGrad' | 'attentionGrad' | 'crossEntropyGrad' | 'distillationGrad' | 'conv2dGradInput' | 'conv2dGradWeight' | 'adamW'>;

const cases: Record<Covered, readonly Case[]> = {
  full: [one('broadcast', { x: floats([2, 3]) }, ({ x }) => ops.add(x!, ops.full(1.5, [4, 1, 3])))],
  iota: [one('as numbers', { x: floats([5]) }, ({ x }) => ops.mul(x!, ops.cast(ops.iota(5), 'f32')))],
  size: [one('of an axis', { x: floats([3, 2]) }, ({ x }) => ops.mul(x!, ops.size(3)))],
  random: [one('from a key', { key: ids([2], 1 << 30), x: floats([3, 5]) }, ({ key, x }) => ops.mul(x!, ops.random(key!, [3, 5], 77)))],
  add: binary(ops.add),
  sub: binary(ops.sub),
  mul: binary(ops.mul),
  div: binary(ops.div, positive),
  maximum: binary(ops.maximum),
  less: binary(ops.less),
  equal: [one('of whole numbers', { a: ids([4, 3], 3), b: ids([3], 3, 2) }, ({ a, b }) => ops.equal(a!, b!))],
  where: [one('broadcast', { c: mask([4, 1]), a: floats([4, 3]), b: floats([3], 2) }, ({ c, a, b }) => ops.where(c!, a!, b!))],
  neg: unary(ops.neg),
  exp: unary(ops.exp),
  log: unary(ops.log, positive),
  sqrt: unary(ops.sqrt, positive),
  erf: unary(ops.erf),
  cast: [one('to whole numbers and back', { x: floats([9]) }, ({ x }) => ops.cast(ops.cast(x!, 'i32'), 'f32'))],
  stopGradient: [one('beside a path', { x: floats([4]) }, ({ x }) => ops.mul(x!, ops.stopGradient(x!)))],
  sum: [[0], [1, 2], [0, 1, 2]].flatMap((axes) => [false, true].map((keepDims) => one(`over ${axes}${keepDims ? ', kept' : ''}`, { x: floats([3, 5, 2]) }, ({ x }) => ops.sum(x!, { axes, keepDims })))),
  max: [one('over the last axis', { x: floats([3, 7]) }, ({ x }) => ops.max(x!, { axes: [-1] })), one('with ties', { x: mask([5, 4]) }, ({ x }) => ops.max(x!, { axes: [0], keepDims: true }))],
  argmax: [one('of rows', { x: floats([5, 9]) }, ({ x }) => ops.cast(ops.argmax(x!), 'f32'))],
  reshape: [one('and back', { x: floats([4, 6]) }, ({ x }) => ops.reshape(ops.reshape(x!, [2, 12]), [4, 6])), one('of nothing', { x: floats([0, 6]) }, ({ x }) => ops.reshape(x!, [3, 0]))],
  transpose: [one('of four axes', { x: floats([2, 3, 4, 5]) }, ({ x }) => ops.transpose(x!, [2, 0, 3, 1]))],
  broadcast: [one('of a row', { x: floats([1, 3]) }, ({ x }) => ops.broadcast(x!, [4, 3]))],
  slice: [
    one('with strides', { x: floats([7, 9]) }, ({ x }) => ops.slice(x!, [1, 2], [3, 2], [2, 4])),
    one('three parts that tile an axis', { x: floats([2, 3, 9]) }, ({ x }) => [0, 1, 2].map((i) => ops.mul(ops.narrow(x!, -1, 3 * i, 3), i + 2)).reduce(ops.mul)),
    one('parts with a gap', { x: floats([2, 9]) }, ({ x }) => ops.mul(ops.narrow(x!, -1, 0, 3), ops.narrow(x!, -1, 5, 3))),
  ],
  pad: [one('inside and outside', { x: floats([2, 3]) }, ({ x }) => ops.pad(x!, [1, 2], [4, 9], [0, 1]))],
  concat: [one('of two', { a: floats([2, 3]), b: floats([2, 1], 2) }, ({ a, b }) => ops.concat([a!, b!], 1))],
  gather: [one('rows, clamped', { table: floats([5, 3]), at: { data: Int32Array.of(0, 4, 4, 9, -1, 2), shape: [2, 3] } }, ({ table, at }) => ops.gather(table!, at!))],
  scatterAdd: [one('with repeats', { x: floats([6, 3]), at: ids([6], 4) }, ({ x, at }) => ops.scatterAdd(x!, at!, 5))],
  matmul: [false, true].flatMap((transposeA) =>
    [false, true].flatMap((transposeB) =>
      [[], [2], [3, 2]].map((lead) =>
        one(`[${lead}]${transposeA ? ' A^T' : ''}${transposeB ? ' B^T' : ''}`, { a: floats([...lead, ...(transposeA ? [5, 3] : [3, 5])]), b: floats([...lead.slice(-1), ...(transposeB ? [7, 5] : [5, 7])], 2) }, ({ a, b }) => ops.matmul(a!, b!, { transposeA, transposeB })),
      ),
    ),
  ),
  conv2d: [
    one('of an image', { x: floats([2, 3, 11, 9]), w: floats([4, 3, 3, 3], 2) }, ({ x, w }) => ops.conv2d(x!, w!, { stride: [2, 2], padding: [1, 1] })),
    one('of many channels', { x: floats([2, 6, 7, 8]), w: floats([5, 6, 3, 2], 2) }, ({ x, w }) => ops.conv2d(x!, w!, { stride: [2, 1], padding: [0, 1] })),
    one('of single pixels', { x: floats([1, 6, 5, 5]), w: floats([3, 6, 1, 1], 2) }, ({ x, w }) => ops.conv2d(x!, w!, { stride: [2, 2] })),
  ],
  gelu: unary(ops.gelu),
  softmax: overLast(ops.softmax),
  logSoftmax: overLast(ops.logSoftmax),
  layerNorm: [[5, 8], [2, 3, 16], [0, 4]].map((shape) => one(`[${shape}]`, { x: floats(shape), w: floats(shape.slice(-1), 2), b: floats(shape.slice(-1), 3) }, ({ x, w, b }) => ops.layerNorm(x!, w!, b!, 1e-5))),
  attention: [attention(2, 3, 5, {}), attention(1, 4, 4, { causal: true }), attention(2, 3, 3, { mask: blind }), attention(2, 3, 3, { causal: true, mask: blind })],
  crossEntropy: [one('of rows', { x: floats([2, 3, 11]), t: ids([2, 3], 11) }, ({ x, t }) => ops.crossEntropy(x!, t!))],
  distillation: [1, 2.5].map((temperature) => one(`at temperature ${temperature}`, { s: floats([4, 9]), t: floats([4, 9], 2) }, ({ s, t }) => ops.distillation(s!, ops.stopGradient(t!), temperature))),
};

/** The value and the gradients of its weighted sum. */
function valueAndGradients({ data, fn }: Case) {
  return trace({ data: Object.fromEntries(Object.entries(data).map(([name, { data: numbers, shape }]) => [name, { shape, dtype: numbers instanceof Int32Array ? 'i32' : 'f32' }])) }, (inputs) => {
    const value = fn(inputs);
    const count = value.shape.reduce<number>((a, b) => a * (b as number), 1);
    const weights = ops.exp(ops.mul(ops.cast(ops.iota(count), 'f32'), -0.3));
    const loss = ops.sum(ops.mul(ops.reshape(value, [count]), weights));
    const names = Object.keys(inputs).filter((name) => inputs[name]!.dtype === 'f32');
    const gradients = grad(loss, names.map((name) => inputs[name]!));
    return { results: { value, ...Object.fromEntries(names.map((name, i) => [`grad.${name}`, gradients[i]!])) } };
  });
}

describe.each(Object.entries(cases))('%s', (op, list) => {
  test.each(list.map((each) => [each.name, each] as const))('%s', async (_, each) => {
    const graph = valueAndGradients(each);
    expect(graphNodes(graph).map((node) => node.op)).toContain(op);
    const results = await runBoth(graph, each.data);
    expect(greatestError(results.cpu, results.plain)).toBeLessThan(2e-5);
  });
});

test('a stem convolution is exact to float32', async () => {
  const data = { x: floats([1, 3, 32, 32]), w: floats([8, 3, 7, 7], 2) };
  const graph = trace({ data: { x: { shape: [1, 3, 32, 32], dtype: 'f32' }, w: { shape: [8, 3, 7, 7], dtype: 'f32' } } }, ({ x, w }) => ({ results: { y: ops.conv2d(x!, w!, { stride: [2, 2], padding: [3, 3] }) } }));
  const { cpu: ours } = await runBoth(graph, data);
  const exact = await compile(plain, ({ x, w }) => ops.conv2d(x!, w!, { stride: [2, 2], padding: [3, 3] }))(data);
  expect(greatestError({ y: ours.y! }, { y: exact.value! })).toBeLessThan(1e-7);
});
