import { cpuDevice } from '@hybridmed/onnx';
import { nodeWebgpuDevice } from '@hybridmed/webgpu/node';
import { expect, test } from 'vitest';
import { measureSteadyState } from './measure.ts';

// `node benchmarks/run.mjs steady` runs 2,000 steps. What each step left behind would show in fewer: 8 KiB are 1.6 MiB over 200 steps of
// JavaScript's arrays; resident memory also holds what allocators keep for later.
test.each([
  ['CPU', 400, () => cpuDevice({ threads: 1 })],
  ['WebGPU', 60, () => nodeWebgpuDevice()],
] as const)('on the %s training keeps its memory over %i steps', { timeout: 240_000 }, async (_, steps, open) => {
  const device = await open();
  const { growthMiB, arraysGrowthMiB } = await measureSteadyState(device, steps);
  await device.close();
  expect(arraysGrowthMiB).toBeLessThan(1);
  expect(growthMiB).toBeLessThan(16);
});
