// Without a rule for any fused op, each runs by its definition: values, gradients and AdamW against the plain reference.
import { plainDevice } from '@hybridmed/gpujs';
import { nodeWebgpuDevice } from '@hybridmed/webgpu/node';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { adamWUpdate, fusedCases } from '../../tensor/test/support/definitions.ts';
import { greatestError } from '../../tensor/test/support/numbers.ts';
import { valueAndGradients } from '../../tensor/test/support/op-cases.ts';
import { rules } from '../src/rules/table.ts';

vi.mock(import('../src/rules/table.ts'), async (original) => {
  const [table, { primitiveRules }] = await Promise.all([original(), import('../../tensor/test/support/definitions.ts')]);
  return { rules: primitiveRules(table.rules) };
});

const device = await nodeWebgpuDevice();
const plain = plainDevice();
afterAll(() => device.close());

test('no fused op has a rule here', () => {
  expect(Object.keys(rules)).toContain('matmul');
  expect(fusedCases.filter(([op]) => op in rules)).toEqual([]);
});

describe.each(fusedCases)('%s', (_, list) => {
  test.each(list.map((each) => [each.name, each] as const))('%s', async (__, each) => {
    const graph = valueAndGradients(each);
    const [program, reference] = [await device.compile(graph), await plain.compile(graph)];
    expect(greatestError(await program.run(each.data), await reference.run(each.data))).toBeLessThan(5e-5);
    program.release?.();
  });
});

test('adamW', async () => {
  const { graph, data, state } = adamWUpdate();
  const runOn = async (on: typeof plain) => {
    const entries = on.createState(state);
    return { ...(await (await on.compile(graph)).run(data, entries)), ...(await entries.read()) };
  };
  expect(greatestError(await runOn(device), await runOn(plain))).toBeLessThan(5e-5);
});
