// Mixed precision on the GPU: what is rounded and what is not, by how much numbers and memory change, and what cannot be had.
import type { Graph, HostArrays, Tensor, Tensors } from '@hybridmed/tensor';
import { fromHalf, toHalf } from '@hybridmed/kernels';
import { grad, ops, trace } from '@hybridmed/tensor';
import { requestDevice, webgpuDevice } from '@hybridmed/webgpu';
import { nodeWebgpuDevice, requestNodeAdapter } from '@hybridmed/webgpu/node';
import { afterAll, describe, expect, test } from 'vitest';
import { floats, gpu, greatestError, mask, plain, positive } from './support.ts';

afterAll(() => gpu.close());

const { adapter, info } = await requestNodeAdapter();
const half = (adapter.features as ReadonlySet<string>).has('shader-f16');
const f32 = (shape: readonly (number | string)[]) => ({ shape, dtype: 'f32' as const });

/** A block of a transformer: norm, joint query-key-value projection, masked attention, residual, norm, feed-forward with GELU, residual. */
function block({ x, m }: Tensors, w: Tensors): Tensor {
  const width = x!.shape[2] as number;
  const layer = (input: Tensor, name: string) => ops.add(ops.matmul(input, w[`${name}.weight`]!, { transposeB: true }), w[`${name}.bias`]!);
  const norm = (input: Tensor, name: string) => ops.layerNorm(input, w[`${name}.weight`]!, w[`${name}.bias`]!, 1e-5);
  const qkv = layer(norm(x!, 'norm1'), 'qkv');
  const [q, k, v] = [0, 1, 2].map((i) => ops.narrow(qkv, 2, i * width, width));
  const h = ops.add(x!, layer(ops.attention(q!, k!, v!, { heads: 3, mask: m! }), 'out'));
  return ops.add(h, layer(ops.gelu(layer(norm(h, 'norm2'), 'fc1')), 'fc2'));
}

const shapes = {
  'norm1.weight': [33],
  'norm1.bias': [33],
  'qkv.weight': [99, 33],
  'qkv.bias': [99],
  'out.weight': [33, 33],
  'out.bias': [33],
  'norm2.weight': [33],
  'norm2.bias': [33],
  'fc1.weight': [65, 33],
  'fc1.bias': [65],
  'fc2.weight': [33, 65],
  'fc2.bias': [33],
};
/** Weights as a model has them: small, so that scores are. */
const small = ({ data, shape }: HostArrays[string]): HostArrays[string] => ({ data: Float32Array.from(data, (value) => value / 8), shape });
const weights: HostArrays = Object.fromEntries(
  Object.entries(shapes).map(([name, shape], i) => [name, name.startsWith('norm') && name.endsWith('weight') ? positive(shape, i) : small(floats(shape, i))]),
);
const batch: HostArrays = { x: floats([3, 17, 33], 40), m: mask([3, 17], 41), c: floats([3, 17, 33], 42) };

/** The block's value under a cotangent, and the gradients of its input and of every weight, the cotangent times `scale`. */
const training = (scale: number): Graph =>
  trace(
    {
      data: Object.fromEntries(Object.entries(batch).map(([name, { shape }]) => [name, f32(shape)])),
      state: Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, f32(shape)])),
    },
    (data, state) => {
      const y = block(data, state);
      const gradients = grad(ops.sum(ops.mul(ops.mul(y, data['c']!), scale)), [data['x']!, ...Object.values(state)]);
      return { results: { y, dx: gradients[0]!, ...Object.fromEntries(Object.keys(shapes).map((name, i) => [`d.${name}`, gradients[i + 1]!])) } };
    },
  );

/** Greatest error of each result, relative to its greatest value. */
const errorsOf = (ours: HostArrays, reference: HostArrays): Record<string, number> =>
  Object.fromEntries(Object.keys(reference).map((name) => [name, greatestError({ [name]: ours[name]! }, { [name]: reference[name]! })]));

describe.skipIf(!half)(`on ${info.description} (skipped where the adapter has no 16-bit floats)`, async () => {
  const mixed = half ? await nodeWebgpuDevice({ precision: 'mixed' }) : gpu;
  afterAll(() => (mixed === gpu ? undefined : mixed.close()));

  async function runOn(device: typeof gpu | typeof plain, graph: Graph, data: HostArrays, state: HostArrays = {}): Promise<HostArrays> {
    const program = await device.compile(graph);
    const results = await program.run(data, device.createState(state));
    program.release?.();
    return results;
  }

  test('a block and all its gradients are the reference to the places that f16 has, twice with the same bits', async () => {
    const graph = training(1);
    const [ours, reference] = [await runOn(mixed, graph, batch, weights), await runOn(plain, graph, batch, weights)];
    const errors = errorsOf(ours, reference);

    for (const [name, error] of Object.entries(errors)) expect(error, name).toBeLessThan(3e-3);
    expect(errors['d.fc1.weight']).toBeGreaterThan(1e-6);
    expect(await runOn(mixed, graph, batch, weights)).toEqual(ours);
  });

  test('gradients under what f16 holds are lost, and kept by a scale; over it they become infinite, not the greatest f16', async () => {
    const run = (scale: number) => runOn(mixed, training(scale), batch, weights);
    const of = (results: HostArrays, name: string, scale: number) => ({
      [name]: { ...results[name]!, data: Float32Array.from(results[name]!.data, (x) => x / scale) },
    });
    const reference = await runOn(plain, training(1), batch, weights);
    const [tiny, scaled, large] = [await run(2 ** -27), await run(2 ** 6), await run(2 ** 16)];
    expect(greatestError(of(tiny, 'd.fc1.weight', 2 ** -27), of(reference, 'd.fc1.weight', 1))).toBeGreaterThan(0.05);
    expect(greatestError(of(scaled, 'd.fc1.weight', 2 ** 6), of(reference, 'd.fc1.weight', 1))).toBeLessThan(3e-3);
    expect([...large['d.fc1.weight']!.data].every(Number.isFinite)).toBe(false);
    // Norms and sums of f32 values know no such limit.
    expect(greatestError(of(large, 'd.fc2.bias', 2 ** 16), of(reference, 'd.fc2.bias', 1))).toBeLessThan(3e-3);
  });

  test("values at f16's limits, and their gradients, are what f16 has of them: the greatest, the least, what rounds to either", async () => {
    const width = 8;
    const identity = { data: Float32Array.from({ length: width * width }, (_, i) => (i % (width + 1) === 0 ? 1 : 0)), shape: [width, width] };
    const limits = [65504, -65504, 65519, 2 ** -14, 2 ** -14 - 2 ** -24, -(2 ** -24), 3 * 2 ** -24, 2 ** -26, 1, 2 ** -15, 1 / 3, 0, 1e-7, -1e-6, 12345, 2049];
    const graph = trace(
      { data: { x: f32([4, width]), c: f32([4, width]) }, state: { first: f32([width, width]), second: f32([width, width]) } },
      ({ x, c }, { first, second }) => {
        const hidden = ops.matmul(x!, first!, { transposeB: true });
        const y = ops.matmul(hidden, second!, { transposeB: true });
        const [dx, dsecond] = grad(ops.sum(ops.mul(y, c!)), [x!, second!]);
        return { results: { y, dx: dx!, dsecond: dsecond! } };
      },
    );
    const spread = (turn: number) => ({
      data: Float32Array.from({ length: 4 * width }, (_, i) => limits[(i * turn + turn) % limits.length]!),
      shape: [4, width],
    });
    const data = { x: spread(3), c: spread(5) };
    const rounded = (values: HostArrays[string]) => fromHalf(toHalf(values.data as Float32Array));
    const [x, c] = [rounded(data.x), rounded(data.c)];
    const { y, dx, dsecond } = await runOn(mixed, graph, data, { first: identity, second: identity });

    expect(y!.data).toEqual(x);
    expect(dx!.data).toEqual(c);
    // Products of the greatest, 2^32, are summed as f32: no place where f16 is only stored overflows.
    dsecond!.data.forEach((value, at) => {
      const terms = [0, 1, 2, 3].map((row) => c[row * width + Math.floor(at / width)]! * x[row * width + (at % width)]!);
      expect(Math.abs(value - terms.reduce((a, b) => a + b))).toBeLessThanOrEqual(2 ** -22 * terms.reduce((a, b) => a + Math.abs(b), 0));
    });
  });

  test('products of features with each other, softmax and norms are not rounded', async () => {
    const graph = trace({ data: { a: f32([9, 33]), b: f32([7, 33]) } }, ({ a, b }) => {
      const unit = (z: Tensor) => ops.div(z, ops.sqrt(ops.sum(ops.mul(z, z), { axes: [-1], keepDims: true })));
      const scores = ops.mul(ops.matmul(unit(a!), unit(b!), { transposeB: true }), 20);
      const loss = ops.sum(ops.mul(ops.softmax(scores), ops.logSoftmax(scores)));
      return { results: { loss, da: grad(loss, [a!])[0]! } };
    });
    const data = { a: floats([9, 33], 1), b: floats([7, 33], 2) };
    expect(greatestError(await runOn(mixed, graph, data), await runOn(plain, graph, data))).toBeLessThan(1e-5);
  });

  test('intermediates take less memory, in as many dispatches', async () => {
    const [full, less] = [(await gpu.compile(training(1))).summary({}), (await mixed.compile(training(1))).summary({})];
    expect(less.unsharedBytes).toBeLessThan(0.75 * full.unsharedBytes);
    expect(less.arenaBytes).toBeLessThan(0.85 * full.arenaBytes);
    expect(less.dispatches).toBe(full.dispatches);
  });

  test('what a graph gives out is f32: an attention, a product, a view of a norm', async () => {
    const graph = trace({ data: { x: f32([2, 5, 8]), w: f32([6, 8]) }, state: { s: f32([8]) } }, ({ x, w }, { s }) => {
      const normed = ops.layerNorm(x!, s!, s!, 1e-5);
      const mixedRows = ops.attention(normed, normed, normed, { heads: 2 });
      return { results: { mixedRows, turned: ops.transpose(normed, [2, 0, 1]) }, updates: { product: ops.matmul(mixedRows, w!, { transposeB: true }) } };
    });
    const [data, s] = [{ x: floats([2, 5, 8], 1), w: floats([6, 8], 2) }, positive([8], 3)];
    const results: HostArrays[] = [];
    for (const device of [mixed, plain]) {
      const state = device.createState({ s });
      results.push({ ...(await (await device.compile(graph)).run(data, state)), ...(await state.read(['product'])) });
    }
    expect(greatestError(results[0]!, results[1]!)).toBeLessThan(3e-3);
  });
});

test('a device without 16-bit floats refuses mixed precision', async () => {
  const bare = await (await requestNodeAdapter()).adapter.requestDevice();
  expect(() => webgpuDevice(bare, { name: 'this adapter', precision: 'mixed' })).toThrow(
    'webgpu: mixed precision needs 16-bit floats in shaders (shader-f16), which this adapter does not have; use f32',
  );
  bare.destroy();
  const device = webgpuDevice(await requestDevice((await requestNodeAdapter()).adapter));
  expect(device.info.precision).toBe('f32');
  await device.close();
});
