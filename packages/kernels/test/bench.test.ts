// The benchmark's measurement: rates come from costs, and a wrong case is called wrong.
import type { AnyKernel } from '@hybridmed/kernels';
import { kernels } from '@hybridmed/kernels';
import { nodeWebgpuDevice } from '@hybridmed/webgpu/node';
import { expect, test } from 'vitest';
import { measureCase } from '../bench/measure.ts';

test('a case gives time, rates and error; one with a wrong reference is not ok', async () => {
  const { gpu } = await nodeWebgpuDevice();
  const kernel = kernels.matmul as unknown as AnyKernel;
  const one = kernel.cases[0]!;
  const row = await measureCase(gpu, kernel, one, { adapter: 'here', least: 5 });
  expect(row).toMatchObject({
    suite: 'kernels',
    kernel: 'matmul',
    case: one.name,
    pass: 'forward',
    adapter: 'here',
    engine: 'hybridmed',
    ok: true,
    bound: one.tolerance,
  });
  const { flops, bytes } = kernel.cost(one.problem);
  expect(row.gflops).toBeCloseTo(flops / row.ms / 1e6, 9);
  expect(row.gbps).toBeCloseTo(bytes / row.ms / 1e6, 9);
  const wrong: AnyKernel = {
    ...kernel,
    reference: (problem, inputs) => kernel.reference(problem, inputs).map((output) => output.map((value) => value * 1.01) as typeof output),
  };
  expect((await measureCase(gpu, wrong, one, { adapter: 'here', least: 5 })).ok).toBe(false);
  expect((await measureCase(gpu, wrong, one, { adapter: 'here', least: 5, check: false })).error).toBeNull();
  gpu.destroy();
});

test('every kernel has cases for tests and, at the sizes of models, for benchmarks', () => {
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
});
