// The portable device against the plain reference: every op and its gradient, and sizes large enough to go through gpu.js.
import { gpujsDevice, plainDevice } from '@hybridmed/gpujs';
import { ops, trace } from '@hybridmed/tensor';
import { describe, expect, test } from 'vitest';
import { floats, greatestError } from '../../tensor/test/support/numbers.ts';
import type { OpCase } from '../../tensor/test/support/op-cases.ts';
import { opCases, valueAndGradients } from '../../tensor/test/support/op-cases.ts';

const [portable, plain] = [gpujsDevice({ mode: 'cpu' }), plainDevice()];

async function compareOn(each: OpCase, bound: number): Promise<void> {
  const graph = valueAndGradients(each);
  const [ours, reference] = [await (await portable.compile(graph)).run(each.data), await (await plain.compile(graph)).run(each.data)];
  expect(greatestError(ours, reference), each.name).toBeLessThan(bound);
}

test.each(Object.entries(opCases))('%s', async (_, list) => {
  for (const each of list) await compareOn(each, 2e-5);
});

describe('sizes that gpu.js computes', () => {
  const large: OpCase[] = [
    { name: 'product of a batch', data: { a: floats([3, 17, 33]), b: floats([3, 29, 33], 2) }, fn: ({ a, b }) => ops.matmul(a!, b!, { transposeB: true }) },
    { name: 'product with a repeated operand', data: { a: floats([4, 1, 17, 33]), b: floats([5, 33, 9], 2) }, fn: ({ a, b }) => ops.matmul(a!, b!) },
    {
      name: 'convolution',
      data: { x: floats([2, 3, 31, 29]), w: floats([8, 3, 3, 3], 2) },
      fn: ({ x, w }) => ops.conv2d(x!, w!, { stride: [2, 1], padding: [1, 1] }),
    },
    { name: 'row sums and element-wise chains', data: { x: floats([70, 130]) }, fn: ({ x }) => ops.sum(ops.sqrt(ops.exp(ops.mul(x!, x!))), { axes: [-1] }) },
  ];
  test.each(large.map((each) => [each.name, each] as const))('%s', (_, each) => compareOn(each, 1e-5));

  test('results and state are f32, and their arrays are the caller’s', async () => {
    const graph = trace({ data: { x: { shape: [80, 80], dtype: 'f32' } }, state: { s: { shape: [80, 80], dtype: 'f32' } } }, ({ x }, { s }) => ({
      results: { y: ops.add(x!, s!) },
      updates: { s: ops.mul(x!, 2) },
    }));
    const program = await portable.compile(graph);
    const state = portable.createState({ s: floats([80, 80], 3) });
    const data = { x: floats([80, 80]) };
    const [first, second] = [await program.run(data, state), await program.run(data, state)];
    expect(first.y!.data).toBeInstanceOf(Float32Array);
    expect((await state.read()).s!.data).toBeInstanceOf(Float32Array);
    expect(first.y!.data).not.toBe(second.y!.data);
    expect(first.y!.data[7]).not.toBe(second.y!.data[7]);
  });
});
