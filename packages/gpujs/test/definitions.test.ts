// A fused op runs by its definition where the table has no rule for it, and by its rule where it has one: the rules here are written from
// the formulas, so that what definitions give is compared with something else than themselves.
import { gpujsDevice, plainDevice } from '@hybridmed/gpujs';
import type { HostArray } from '@hybridmed/tensor';
import { ops, sizeOf } from '@hybridmed/tensor';
import { describe, expect, test, vi } from 'vitest';
import { fusedCases } from '../../tensor/test/support/definitions.ts';
import { floats, greatestError } from '../../tensor/test/support/numbers.ts';
import { opCases, valueAndGradients } from '../../tensor/test/support/op-cases.ts';
import { erf } from '../src/rules/erf.ts';

type Op = (...inputs: readonly HostArray[]) => number[];

const rowsOf = ({ data, shape }: HostArray): number[][] => {
  const width = shape.at(-1)!;
  return Array.from({ length: sizeOf(shape.slice(0, -1)) }, (_, row) => [...data.subarray(row * width, (row + 1) * width)]);
};
const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
const normal = (x: number): number => (1 + erf(x / Math.SQRT2)) / 2;
const density = (x: number): number => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);

/** Fused ops of one output by their formulas. */
const formulas: Readonly<Record<string, Op>> = {
  gelu: (x) => Array.from(x!.data, (value) => value * normal(value)),
  geluGrad: (x, dy) => Array.from(x!.data, (value, i) => dy!.data[i]! * (normal(value) + value * density(value))),
  softmax: (x) => rowsOf(x!).flatMap((row) => row.map((value) => Math.exp(value) / total(row.map(Math.exp)))),
  logSoftmax: (x) => rowsOf(x!).flatMap((row) => row.map((value) => value - Math.log(total(row.map(Math.exp))))),
};

const calls = vi.hoisted(() => ({ of: undefined as string | undefined, count: 0 }));

vi.mock(import('../src/rules/table.ts'), async (original) => {
  const { rules } = await original();
  const ruled = (op: string) => (inputs: readonly HostArray[], _: unknown, shapes: readonly (readonly number[])[]) => {
    calls.count++;
    return [{ data: Float64Array.from(formulas[op]!(...inputs)), shape: shapes[0]! }];
  };
  return {
    rules: new Proxy(rules, {
      has: (table, op) => op in table || op === calls.of,
      get: (table, op) => (op === calls.of ? ruled(String(op)) : table[op as keyof typeof table]),
    }),
  };
});

const devices = [plainDevice({ precision: 'f64' }), gpujsDevice({ mode: 'cpu' })];

describe.each(devices.map((device) => [device.info.name, device] as const))('%s', (_, device) => {
  test.each(Object.keys(formulas))('%s', async (op) => {
    for (const each of opCases[op === 'geluGrad' ? 'gelu' : (op as 'gelu')]) {
      const graph = valueAndGradients(each);
      const runWith = async (of: string | undefined) => {
        Object.assign(calls, { of, count: 0 });
        const program = await device.compile(graph);
        return { results: await program.run(each.data), count: calls.count };
      };
      const [defined, ruled] = [await runWith(undefined), await runWith(op)];
      expect([defined.count, ruled.count]).toEqual([0, 1]);
      expect(greatestError(defined.results, ruled.results), each.name).toBeLessThan(device.info.kind === 'plain' ? 1e-12 : 1e-6);
    }
  });

  test('every other fused op has values and gradients without a rule', async () => {
    calls.of = undefined;
    for (const [op, list] of fusedCases) {
      const results = await (await device.compile(valueAndGradients(list[0]!))).run(list[0]!.data);
      expect(
        Object.values(results).every(({ data }) => data.every(Number.isFinite)),
        op,
      ).toBe(true);
    }
  });
});

test('layer norm by its formula', async () => {
  const data = { x: floats([4, 9]), w: floats([9], 2), b: floats([9], 3) };
  const graph = valueAndGradients({ name: 'layer norm', data, fn: ({ x, w, b }) => ops.layerNorm(x!, w!, b!, 1e-5) });
  const expected = rowsOf(data.x).flatMap((row) => {
    const mean = total(row) / row.length;
    const scale = 1 / Math.sqrt(total(row.map((value) => (value - mean) ** 2)) / row.length + 1e-5);
    return row.map((value, i) => (value - mean) * scale * data.w.data[i]! + data.b.data[i]!);
  });
  const { value } = await (await devices[0]!.compile(graph)).run(data);
  value!.data.forEach((number, i) => expect(number).toBeCloseTo(expected[i]!, 12));
});
