// Every op and its gradient on the GPU device against the plain reference, with odd, zero-size and broadcast shapes.
import { graphNodes } from '@hybridmed/tensor';
import { afterAll, describe, expect, test } from 'vitest';
import { opCases, valueAndGradients } from '../../tensor/test/support/op-cases.ts';
import { gpu, greatestError, runBoth } from './support.ts';

afterAll(() => gpu.close());

describe.each(Object.entries(opCases))('%s', (op, list) => {
  test.each(list.map((each) => [each.name, each] as const))('%s', async (_, each) => {
    const graph = valueAndGradients(each);
    expect(graphNodes(graph).map((node) => node.op)).toContain(op);
    const { ours, reference } = await runBoth(graph, each.data);
    expect(greatestError(ours, reference)).toBeLessThan(2e-5);
  });
});
