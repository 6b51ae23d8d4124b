// Every op and its gradient on the CPU device against the plain reference, with odd, zero-size and broadcast shapes.
import { compile, graphNodes, ops, trace } from '@hybridmed/tensor';
import { describe, expect, test } from 'vitest';
import { opCases, valueAndGradients } from '../../tensor/test/support/op-cases.ts';
import { floats, greatestError, plain, runBoth } from './support.ts';

describe.each(Object.entries(opCases))('%s', (op, list) => {
  test.each(list.map((each) => [each.name, each] as const))('%s', async (_, each) => {
    const graph = valueAndGradients(each);
    expect(graphNodes(graph).map((node) => node.op)).toContain(op);
    const results = await runBoth(graph, each.data);
    expect(greatestError(results.cpu, results.plain)).toBeLessThan(2e-5);
  });
});

test('a stem convolution is exact to float32', async () => {
  const data = { x: floats([1, 3, 32, 32]), w: floats([8, 3, 7, 7], 2) };
  const graph = trace({ data: { x: { shape: [1, 3, 32, 32], dtype: 'f32' }, w: { shape: [8, 3, 7, 7], dtype: 'f32' } } }, ({ x, w }) => ({
    results: { y: ops.conv2d(x!, w!, { stride: [2, 2], padding: [3, 3] }) },
  }));
  const { cpu: ours } = await runBoth(graph, data);
  const exact = await compile(plain, ({ x, w }) => ops.conv2d(x!, w!, { stride: [2, 2], padding: [3, 3] }))(data);
  expect(greatestError({ y: ours.y! }, { y: exact.value! })).toBeLessThan(1e-7);
});
