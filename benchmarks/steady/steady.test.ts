import { cpuDevice } from '@hybridmed/onnx';
import { nodeWebgpuDevice } from '@hybridmed/webgpu/node';
import { expect, test } from 'vitest';
import { measureSteadyState } from './measure.ts';

// `node benchmarks/run.mjs steady` runs 2,000 steps. What a step of any size left behind would show in fewer: 4 KiB of each are 1.4 MiB of
// JavaScript's arrays; resident memory also holds what allocators keep for later, a software
// adapter's more than others.
test.each([
  ['CPU', 400, 16, () => cpuDevice()],
  ['WebGPU', 100, 64, () => nodeWebgpuDevice()],
] as const)(
  'on the %s the memory of training is as large after %i steps as after a tenth of them',
  { timeout: 60_000 },
  async (_, steps, residentMiB, open) => {
    const device = await open();
    const { growthMiB, arraysGrowthMiB } = await measureSteadyState(device, steps);
    await device.close();
    expect(arraysGrowthMiB).toBeLessThan(1);
    expect(growthMiB).toBeLessThan(residentMiB);
  },
);
