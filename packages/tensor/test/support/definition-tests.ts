// The tests of a device that has no rule for any fused op: each runs by its definition, values, gradients and AdamW like the plain reference.
import { plainDevice } from '@hybridmed/gpujs';
import type { Device } from '@hybridmed/tensor';
import { afterAll, describe, expect, test } from 'vitest';
import { adamWUpdate, fusedCases } from './definitions.ts';
import { greatestError } from './numbers.ts';
import { valueAndGradients } from './op-cases.ts';

/** Adds the tests of a device and its table of rules, from which fused ops are gone. */
export function testDefinitions(device: Device, rules: object): void {
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
    const runOn = async (on: Device) => {
      const entries = on.createState(state);
      return { ...(await (await on.compile(graph)).run(data, entries)), ...(await entries.read()) };
    };
    expect(greatestError(await runOn(device), await runOn(plain))).toBeLessThan(5e-5);
  });
}
