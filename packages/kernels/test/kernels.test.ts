import type { AnyKernel, ArraySpec, KernelCase, Numbers } from '@hybridmed/kernels';
import { fromHalf, kernels, toHalf } from '@hybridmed/kernels';
import { capabilitiesOf, prepareKernel, requestDevice } from '@hybridmed/webgpu';
import { requestNodeAdapter } from '@hybridmed/webgpu/node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { adapters, variantsOf } from './support/adapters.ts';

let gpu: GPUDevice;
beforeAll(async () => {
  gpu = await requestDevice((await requestNodeAdapter()).adapter);
});
afterAll(() => gpu.destroy());

/** Numbers in [-1, 1) that look random and are the same everywhere. */
function inputOf({ input }: KernelCase<unknown>, spec: ArraySpec, index: number): Numbers {
  const ofCase = input?.(spec);
  if (ofCase) return ofCase;
  const noise = (i: number) => (Math.sin((i + 1) * 12.9898 + index * 78.233) * 43758.5453) % 1;
  if (spec.type === 'i32') return Int32Array.from({ length: spec.length }, (_, i) => (i * 31) % 7);
  const numbers = Float32Array.from({ length: spec.length }, (_, i) => noise(i));
  return spec.type === 'f16' ? fromHalf(toHalf(numbers)) : numbers;
}

function relativeError(ours: Numbers, theirs: Numbers): number {
  expect(ours.length).toBe(theirs.length);
  let [difference, scale] = [0, 0];
  theirs.forEach((value, i) => {
    const d = Math.abs(ours[i]! - value);
    difference = Number.isNaN(d) ? Infinity : Math.max(difference, d);
    scale = Math.max(scale, Math.abs(value));
  });
  return difference === 0 ? 0 : difference / scale;
}

describe.each(Object.values(kernels) as unknown as AnyKernel[])('$name', (kernel) => {
  test.for(kernel.cases.filter(({ large }) => !large))('$name equals its reference', async (one, { skip }) => {
    const { problem, tolerance } = one;
    const capabilities = capabilitiesOf(gpu);
    skip(one.f16 === true && !capabilities.f16, 'this adapter has no 16-bit floats');
    const { inputs: specs } = kernel.arrays(problem);
    const inputs = specs.map((spec, index) => inputOf(one, spec, index));
    const expected = kernel.reference(problem, inputs);
    const seen = new Set<string>();
    // What a GPU or another processor would run is right here too, where this adapter can run it.
    for (const kind of one.own
      ? [capabilities]
      : [capabilities, { ...adapters['gpu']!, f16: capabilities.f16 }, { ...adapters['processor']!, f16: capabilities.f16 }]) {
      for (const variant of one.own ? [undefined] : variantsOf(kernel, problem, kind)) {
        const dispatches = kernel.dispatches(problem, kind, variant);
        const key = JSON.stringify(dispatches.map(({ code, workgroups, parameters }) => [code, workgroups, [...parameters]]));
        if (seen.has(key)) continue;
        seen.add(key);
        // A processor's groups have few threads, a GPU's many: both must be right.
        for (const groupThreads of dispatches.some(({ code }) => code.includes('groupThreads')) ? [8, 64] : [64]) {
          const prepared = await prepareKernel(gpu, kernel, problem, inputs, { groupThreads, capabilities: kind, ...(variant ? { variant } : {}) });
          const outputs = await prepared.run();
          outputs.forEach((output, i) =>
            expect(relativeError(output, expected[i]!), `output ${i} of ${variant ?? kernel.name}, groups of ${groupThreads}`).toBeLessThanOrEqual(tolerance),
          );
          prepared.release();
        }
      }
    }
  });

  test('costs are positive where there is work', () => {
    for (const { problem } of kernel.cases) {
      const { flops, bytes } = kernel.cost(problem);
      expect(Number.isFinite(flops) && flops >= 0 && bytes >= 0).toBe(true);
      if (kernel.dispatches(problem).length > 0) expect(bytes).toBeGreaterThan(0);
    }
  });
});
