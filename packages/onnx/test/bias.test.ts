// A bias inside its product: the sum is right where it is taken in, and where it must not be.
import type { Tensor } from '@hybridmed/tensor';
import { ops, trace } from '@hybridmed/tensor';
import { expect, test } from 'vitest';
import { floats, greatestError, runBoth } from './support.ts';

const inputs = { x: { shape: ['B', 3, 4], dtype: 'f32' }, w: { shape: [5, 4], dtype: 'f32' }, bias: { shape: [5], dtype: 'f32' } } as const;
const arrays = (batch: number) => ({ x: floats([batch, 3, 4]), w: floats([5, 4], 2), bias: floats([5], 3) });
const product = (x: Tensor, w: Tensor) => ops.matmul(x, w, { transposeB: true });

test.each<[string, (x: Tensor, w: Tensor, bias: Tensor) => Record<string, Tensor>]>([
  ['after the product', (x, w, bias) => ({ y: ops.add(product(x, w), bias) })],
  ['before the product', (x, w, bias) => ({ y: ops.add(bias, product(x, w)) })],
  [
    'the product is read elsewhere too',
    (x, w, bias) => {
      const p = product(x, w);
      return { y: ops.add(p, bias), p };
    },
  ],
  [
    'the product is added to itself',
    (x, w, bias) => {
      const p = product(x, w);
      return { y: ops.add(ops.add(p, p), bias) };
    },
  ],
  ['a row as long as the last axis after a reshape', (x, w, bias) => ({ y: ops.add(ops.reshape(product(x, w), ['3*B', 5]), bias) })],
  ['a reshape changes the last axis', (x, w, bias) => ({ y: ops.add(ops.reshape(product(x, w), ['B', 5, 3]), ops.slice(bias, [0], [3])) })],
])('%s', async (_, build) => {
  const graph = trace({ data: inputs }, ({ x, w, bias }) => ({ results: build(x!, w!, bias!) }));
  for (const batch of [2, 1, 0]) {
    const { cpu, plain } = await runBoth(graph, arrays(batch));
    expect(greatestError(cpu, plain)).toBeLessThan(1e-6);
  }
});
