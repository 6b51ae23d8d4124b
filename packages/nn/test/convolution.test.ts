// Layers of convolutional networks: paddings, pooling, activations and frozen statistics, in float64 on the plain reference.
import { plainDevice } from '@hybridmed/gpujs';
import { batchNorm, initialize, rootScope } from '@hybridmed/nn';
import type { Activation, Padding } from '@hybridmed/nn/convolution';
import { activations, averagePool, convolution, convolvedSide, maxPool } from '@hybridmed/nn/convolution';
import type { Tensor } from '@hybridmed/tensor';
import { compile, grad, ops, sizeOf, valueAndGrad } from '@hybridmed/tensor';
import { describe, expect, test } from 'vitest';

const device = plainDevice({ precision: 'f64' });
const array = (shape: readonly number[], values: (i: number) => number) => ({
  data: Float64Array.from({ length: sizeOf(shape) }, (_, i) => values(i)),
  shape,
});

test.each<[Activation, (x: number) => number]>([
  ['relu', (x) => Math.max(x, 0)],
  ['relu6', (x) => Math.min(Math.max(x, 0), 6)],
  ['silu', (x) => x / (1 + Math.exp(-x))],
  ['sigmoid', (x) => 1 / (1 + Math.exp(-x))],
  ['hardSigmoid', (x) => Math.min(Math.max(x + 3, 0), 6) / 6],
  ['hardSwish', (x) => (x * Math.min(Math.max(x + 3, 0), 6)) / 6],
])('%s and its gradient', async (name, expected) => {
  const x = array([41], (i) => (i - 20) * 0.47 + 0.013);
  const results = await compile(
    device,
    valueAndGrad(({ x: values }) => ops.sum(activations[name](values!)), ['x']),
  )({ x });
  const sum = (shift: number) => x.data.reduce((total, value) => total + expected(value + shift), 0);
  expect(results.value!.data[0]).toBeCloseTo(sum(0), 10);
  x.data.forEach((value, i) => expect(results['grad.x']!.data[i]).toBeCloseTo((expected(value + 1e-6) - expected(value - 1e-6)) / 2e-6, 6));
});

describe('pooling', () => {
  const x = array([2, 2, 5, 7], (i) => Math.sin(i * 12.9898) - 3);
  const run = (fn: (x: Tensor) => Tensor) => compile(device, ({ x: values }) => ({ y: fn(values!) }))({ x });
  const at = (b: number, c: number, row: number, column: number) =>
    row < 0 || row >= 5 || column < 0 || column >= 7 ? undefined : x.data[((b * 2 + c) * 5 + row) * 7 + column]!;
  const windows = (
    h: number,
    w: number,
    { kernel, stride, padding }: { kernel: number; stride: number; padding: number },
    join: (values: number[]) => number,
  ) =>
    Array.from({ length: 4 * h * w }, (_, i) => {
      const [b, c, r, s] = [Math.floor(i / (2 * h * w)), Math.floor(i / (h * w)) % 2, Math.floor(i / w) % h, i % w];
      const offsets = Array.from({ length: kernel * kernel }, (__, k) =>
        at(b, c, r * stride + Math.floor(k / kernel) - padding, s * stride + (k % kernel) - padding),
      );
      return join(offsets.filter((value) => value !== undefined));
    });

  test('the maximum of negative values sees nothing around the image', async () => {
    const options = { kernel: 3, stride: 2, padding: 1 };
    const { y } = await run((values) => maxPool(values, options));
    expect(y!.shape).toEqual([2, 2, 3, 4]);
    windows(3, 4, options, (values) => Math.max(...values)).forEach((value, i) => expect(y!.data[i]).toBeCloseTo(value, 12));
  });

  test('the mean of each 2 x 2, of an odd image without its last row and column', async () => {
    const options = { kernel: 2, stride: 2, padding: 0 };
    const { y } = await run((values) => averagePool(values, options));
    expect(y!.shape).toEqual([2, 2, 2, 3]);
    windows(2, 3, options, (values) => values.reduce((a, b) => a + b, 0) / 4).forEach((value, i) => expect(y!.data[i]).toBeCloseTo(value, 12));
  });

  test('of equal values the first has the gradient', async () => {
    const ones = array([1, 1, 2, 2], () => 1);
    const results = await compile(
      device,
      valueAndGrad(({ x: values }) => ops.sum(maxPool(values!, { kernel: 2, stride: 2 })), ['x']),
    )({ x: ones });
    expect([...results['grad.x']!.data]).toEqual([1, 0, 0, 0]);
  });
});

test.each<[Padding, number, number, number, number]>([
  ['same', 224, 3, 2, 112],
  ['same', 7, 5, 2, 4],
  ['same', 9, 3, 1, 9],
  ['symmetric', 224, 7, 2, 112],
  ['symmetric', 9, 5, 2, 5],
  ['none', 224, 4, 4, 56],
  ['none', 7, 2, 2, 3],
])('with %s padding %d pixels and a kernel of %d in steps of %d make %d places', async (padding, size, kernel, stride, places) => {
  expect(convolvedSide(size, { kernel, stride, padding })).toBe(places);
  const layer = convolution({ inputs: 2, outputs: 2, kernel, stride, padding, groups: 2, bias: true });
  const parameters = initialize(layer.parameters, 1);
  expect(layer.parameters.weight!.shape).toEqual([2, 1, kernel, kernel]);
  const small = Math.min(size, 16);
  const { y } = await compile(device, ({ x, ...own }) => ({ y: layer.call(rootScope(own), x!) }))({ ...parameters, x: array([1, 2, small, small], () => 1) });
  expect(y!.shape).toEqual([1, 2, convolvedSide(small, { kernel, stride, padding }), convolvedSide(small, { kernel, stride, padding })]);
});

test('frozen statistics stay in training, while weight and bias have gradients', async () => {
  const norm = batchNorm({ channels: 2, epsilon: 1e-3 });
  const specs = { ...norm.parameters, running_mean: { ...norm.parameters.running_mean!, frozen: true } };
  const inputs = {
    x: array([2, 2, 2, 2], (i) => i),
    weight: array([2], () => 2),
    bias: array([2], () => 1),
    running_mean: array([2], () => 3),
    running_var: array([2], () => 4),
  };
  const updates: Record<string, Tensor> = {};
  const results = await compile(device, ({ x, ...own }) => {
    const y = norm.call(rootScope(own, { training: true, updates, specs }), x!);
    const [weight] = grad(ops.sum(y), [own.weight!]);
    return { y, weight: weight! };
  })(inputs);
  expect(updates).toEqual({});
  const normalized = (i: number) => (i - 3) / Math.sqrt(4.001);
  results.y!.data.forEach((value, i) => expect(value).toBeCloseTo(2 * normalized(i) + 1, 10));
  const ofFirst = [0, 1, 2, 3, 8, 9, 10, 11].reduce((total, i) => total + normalized(i), 0);
  expect(results.weight!.data[0]).toBeCloseTo(ofFirst, 10);
});
