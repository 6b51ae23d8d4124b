// Random graphs of element-wise ops, movements, products and reductions: however chains are joined, cut and viewed, the numbers are the reference's.
import type { Graph, HostArrays, Tensor } from '@hybridmed/tensor';
import { mix32, ops, sizeOf, trace } from '@hybridmed/tensor';
import { webgpuDevice } from '@hybridmed/webgpu';
import { afterAll, expect, test } from 'vitest';
import { floats, gpu, greatestError, plain } from './support.ts';

const half = gpu.gpu.features.has('shader-f16');
const mixed = half ? webgpuDevice(gpu.gpu, { precision: 'mixed' }) : undefined;
afterAll(() => gpu.close());

/** Whole numbers below `end`, a function of seed and call. */
function dice(seed: number): (end: number) => number {
  let call = 0;
  return (end) => mix32(mix32(seed) ^ call++) % end;
}

const sizes = (x: Tensor): number[] => x.shape as number[];

/** One more value from those there are. Values stay within a few units, so that errors stay small. */
function grow(values: readonly Tensor[], roll: (end: number) => number): Tensor {
  const x = values[roll(values.length)]!;
  const y = values[roll(values.length)]!;
  const shape = sizes(x);
  const axis = roll(shape.length);
  const bounded = (value: Tensor) => ops.div(value, ops.add(1, ops.sqrt(ops.mul(value, value))));
  const partner = sizes(y).length === shape.length && sizes(y).every((size, a) => size === shape[a] || size === 1 || shape[a] === 1) ? y : ops.sum(y);
  switch (roll(16)) {
    case 0:
      return ops.transpose(
        x,
        shape.map((_, a) => (a + 1) % shape.length),
      );
    case 1:
      return ops.reshape(x, [...shape.slice(1), shape[0]!]);
    case 2:
      return ops.narrow(x, axis, shape[axis]! > 1 ? 1 : 0, Math.max(1, shape[axis]! - 1));
    case 3:
      return ops.pad(
        x,
        shape.map((_, a) => (a === axis ? 1 : 0)),
        shape.map((size, a) => (a === axis ? 2 * size + 1 : size)),
        shape.map((_, a) => (a === axis ? 1 : 0)),
      );
    case 4:
      return ops.concat([x, ops.exp(ops.neg(ops.mul(x, x)))], axis);
    case 5:
      return bounded(ops.sum(x, { axes: [axis], keepDims: true }));
    case 6:
      return ops.max(x, { axes: [axis], keepDims: true });
    case 7:
      return ops.gelu(x);
    case 8:
      return ops.where(ops.less(x, 0.1), ops.mul(x, 0.5), ops.neg(x));
    case 9:
      return ops.mul(x, ops.cast(ops.reshape(ops.less(ops.iota(shape.at(-1)!), 2), [...shape.slice(1).map(() => 1), shape.at(-1)!]), 'f32'));
    case 10:
      return bounded(ops.sub(x, partner));
    case 11:
      return bounded(ops.mul(partner, x));
    case 12:
      return ops.maximum(x, bounded(ops.add(partner, x)));
    case 13:
    case 14: {
      const flat = ops.reshape(x, [shape[0]!, sizeOf(shape.slice(1))]);
      const gram = bounded(ops.add(ops.matmul(flat, flat, { transposeB: true }), ops.sum(x)));
      return ops.reshape(gram, [shape[0]!, 1, shape[0]!]);
    }
    default:
      return bounded(ops.add(x, partner));
  }
}

/** A graph of `steps` random ops over two inputs; some values are shown, so that chains are used more than once. */
function randomGraph(seed: number, steps: number): { graph: Graph; data: HostArrays } {
  const roll = dice(seed);
  const shape = [1 + roll(4), 1 + roll(5), 1 + roll(3)];
  const data = {
    a: floats(shape, seed),
    b: floats(
      shape.map((size) => (roll(3) === 0 ? 1 : size)),
      seed + 1,
    ),
  };
  const specs = { a: { shape: data.a.shape, dtype: 'f32' as const }, b: { shape: data.b.shape, dtype: 'f32' as const } };
  const graph = trace({ data: specs }, ({ a, b }) => {
    const values = [a!, b!];
    const shown: Record<string, Tensor> = {};
    for (let step = 0; step < steps; step++) {
      const value = grow(values, roll);
      if (sizeOf(sizes(value)) > 4000) continue;
      values.push(value);
      if (roll(6) === 0) shown[`at${step}`] = value;
    }
    return { results: { ...shown, last: values.at(-1)! } };
  });
  return { graph, data };
}

test('bias, GELU and residual leave with the product that they read; what is read twice is computed once, by itself', async () => {
  const specs = { x: { shape: [8, 128, 6], dtype: 'f32' as const }, w: { shape: [64, 6], dtype: 'f32' as const }, b: { shape: [64], dtype: 'f32' as const } };
  const data = { x: floats([8, 128, 6], 1), w: floats([64, 6], 2), b: floats([64], 3) };
  const layer = ({ x, w, b }: Record<string, Tensor>) => ops.add(ops.matmul(x!, w!, { transposeB: true }), b!);
  const alone = trace({ data: specs }, (inputs) => ({ results: { y: ops.mul(ops.gelu(layer(inputs)), 0.5) } }));
  const shared = trace({ data: specs }, (inputs) => {
    const product = ops.matmul(inputs['x']!, inputs['w']!, { transposeB: true });
    return { results: { y: ops.gelu(ops.add(product, inputs['b']!)), z: ops.neg(product) } };
  });
  for (const [graph, dispatches] of [
    [alone, 1],
    [shared, 3],
  ] as const) {
    const [ours, reference] = await Promise.all([gpu.compile(graph), plain.compile(graph)]);
    expect(ours.summary({}).dispatches).toBe(dispatches);
    expect(greatestError(await ours.run(data), await reference.run(data))).toBeLessThan(1e-5);
    ours.release?.();
  }
});

test('a sum or a maximum does the steps of what it reads; what a product does as it leaves, or is used twice, it reads as a value', async () => {
  const f32 = (shape: readonly number[]) => ({ shape, dtype: 'f32' as const });
  const data = { x: floats([3, 40, 100], 1), y: floats([40, 3, 100], 2), a: floats([128, 6], 3), w: floats([6, 512], 4), b: floats([512], 5) };
  const squares = ({ x }: Record<string, Tensor>) => ops.mul(x!, x!);
  const layer = ({ a, w, b }: Record<string, Tensor>) => ops.gelu(ops.add(ops.matmul(a!, w!), b!));
  const cases: [number, (inputs: Record<string, Tensor>) => Record<string, Tensor>][] = [
    [1, (inputs) => ({ rows: ops.sum(squares(inputs), { axes: [2] }) })],
    [1, (inputs) => ({ all: ops.sum(ops.exp(inputs['x']!)) })],
    [2, (inputs) => ({ columns: ops.sum(squares(inputs), { axes: [0, 1] }) })],
    [1, ({ x, y }) => ({ between: ops.max(ops.mul(x!, ops.transpose(y!, [1, 0, 2])), { axes: [1], keepDims: true }) })],
    [3, (inputs) => ({ columns: ops.sum(layer(inputs), { axes: [0] }) })],
    [2, (inputs) => ({ squares: squares(inputs), rows: ops.sum(squares(inputs), { axes: [2] }) })],
  ];
  for (const [dispatches, results] of cases) {
    const specs = Object.fromEntries(Object.entries(data).map(([name, { shape }]) => [name, f32(shape)]));
    const graph = trace({ data: specs }, (inputs) => ({ results: results(inputs) }));
    const [ours, reference] = await Promise.all([gpu.compile(graph), plain.compile(graph)]);
    expect(ours.summary({}).dispatches).toBe(dispatches);
    expect(greatestError(await ours.run(data), await reference.run(data))).toBeLessThan(2e-5);
    ours.release?.();
  }
});

test.each(Array.from({ length: 6 }, (_, i) => i))('random graphs, series %i', async (series) => {
  for (let i = 0; i < 8; i++) {
    const seed = 1000 * series + i;
    const { graph, data } = randomGraph(seed, 12 + 6 * i);
    const [ours, reference] = await Promise.all([gpu.compile(graph), plain.compile(graph)]);
    expect(greatestError(await ours.run(data), await reference.run(data)), `seed ${seed}`).toBeLessThan(1e-5);
    // However values are stored, every kernel meets what it was made for: planning checks that.
    expect((await mixed?.compile(graph))?.summary({}).dispatches ?? 1).toBeGreaterThan(0);
    ours.release?.();
  }
});

test('bias, frozen batch norm, residual and ReLU leave with the convolution that they read', async () => {
  const f32 = (shape: readonly number[]) => ({ shape, dtype: 'f32' as const });
  const channel = { mean: floats([16], 1), factor: floats([16], 2), bias: floats([16], 3) };
  const data = { x: floats([1, 3, 64, 64], 4), w: floats([16, 3, 3, 3], 5), r: floats([1, 16, 64, 64], 6), ...channel };
  const block = ({ x, w, r, ...own }: Record<string, Tensor>) => {
    const of = (name: keyof typeof channel) => ops.reshape(own[name]!, [1, 16, 1, 1]);
    const y = ops.conv2d(x!, w!, { stride: [1, 1], padding: [1, 1] });
    return ops.maximum(ops.add(ops.add(ops.mul(ops.sub(y, of('mean')), of('factor')), of('bias')), r!), 0);
  };
  const specs = Object.fromEntries(Object.entries(data).map(([name, { shape }]) => [name, f32(shape)]));
  const graph = trace({ data: specs }, (inputs) => ({ results: { y: block(inputs) } }));
  const convolutionAlone = trace({ data: specs }, ({ x, w }) => ({ results: { y: ops.conv2d(x!, w!, { stride: [1, 1], padding: [1, 1] }) } }));
  const [ours, alone, reference] = await Promise.all([gpu.compile(graph), gpu.compile(convolutionAlone), plain.compile(graph)]);
  expect(ours.summary({}).dispatches).toBe(alone.summary({}).dispatches);
  expect(greatestError(await ours.run(data), await reference.run(data))).toBeLessThan(1e-5);
});
