// The kernels suite's measurement: rates come from costs, and a wrong case is called wrong.
import type { AnyKernel } from '@hybridmed/kernels';
import { kernels } from '@hybridmed/kernels';
import type { WebgpuDevice } from '@hybridmed/webgpu';
import { nodeWebgpuDevice } from '@hybridmed/webgpu/node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { relativeError } from '../harness/check.ts';
import { probeRoofline } from '../harness/roofline.ts';
import { makeRow } from '../harness/row.ts';
import { measureCase } from './measure.ts';
import { selectCases } from './select.ts';

let device: WebgpuDevice;
beforeAll(async () => {
  device = await nodeWebgpuDevice();
});
afterAll(() => device.close());

const small = selectCases({ filter: 'matmul: 33x17x65, forward', small: true })[0]!;
const key = { suite: 'kernels', kernel: 'matmul', case: small.one.name, pass: small.pass, adapter: 'here', engine: 'hybridmed' } as const;

test('a case gives samples, rates and error; one with a wrong reference is wrong', async () => {
  const measured = await measureCase(device.gpu, small, { seconds: 0.01 });
  expect(measured.samples.length).toBeGreaterThanOrEqual(3);
  expect(Math.min(...measured.samples)).toBeGreaterThan(0);
  const cost = small.kernel.cost(small.one.problem);
  const row = makeRow(key, cost, { gflops: 100, gbps: 1e9 }, measured);
  expect(row).toMatchObject({ ...key, ok: true, bound: small.one.tolerance });
  expect(row.gflops / (cost.flops / row.ms / 1e6)).toBeCloseTo(1, 3);
  expect(row.gbps / (cost.bytes / row.ms / 1e6)).toBeCloseTo(1, 3);
  expect(row.rooflinePercent / row.gflops).toBeCloseTo(1, 3);

  const wrong: AnyKernel = {
    ...small.kernel,
    reference: (problem, inputs) => small.kernel.reference(problem, inputs).map((output) => output.map((value) => value * 1.01) as typeof output),
  };
  expect(makeRow(key, cost, { gflops: 1, gbps: 1 }, await measureCase(device.gpu, { ...small, kernel: wrong }, { seconds: 0.01 })).ok).toBe(false);
  expect((await measureCase(device.gpu, small, { seconds: 0.01, check: false })).error).toBeNull();
});

test('an output that is missing, short or not a number is infinitely wrong', () => {
  expect(relativeError([Float32Array.of(1, 2)], [Float32Array.of(1, 2)])).toBe(0);
  expect(relativeError([Float32Array.of(1, 2.5)], [Float32Array.of(1, 2)])).toBe(0.25);
  for (const outputs of [[], [Float32Array.of(1)], [Float32Array.of(1, Number.NaN)]]) expect(relativeError(outputs, [Float32Array.of(1, 2)])).toBe(Infinity);
});

test('the probe finds what the adapter can do', async () => {
  const { gflops, gbps } = await probeRoofline(device.gpu);
  expect(gflops).toBeGreaterThan(0.05);
  expect(gbps).toBeGreaterThan(0.01);
});

test('every kernel has cases for tests and, at the shapes of models, for benchmarks; no two share kernel, case and pass', () => {
  for (const kernel of Object.values(kernels) as unknown as AnyKernel[]) {
    expect(
      kernel.cases.filter(({ large }) => large),
      kernel.name,
    ).not.toEqual([]);
    expect(
      kernel.cases.filter(({ large }) => !large),
      kernel.name,
    ).not.toEqual([]);
  }
  const keys = selectCases({ small: true }).map(({ kernel, one, pass }) => `${kernel.name} | ${one.name} | ${pass}`);
  expect(keys.filter((name, i) => keys.indexOf(name) !== i)).toEqual([]);
});
