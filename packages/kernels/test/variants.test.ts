// Every shader of every case, for adapters that no test machine need have: Dawn's null backend checks text, limits and pipelines.
import type { AnyKernel } from '@hybridmed/kernels';
import { kernels } from '@hybridmed/kernels';
import { describe, expect, test } from 'vitest';
import { adapters } from './support/adapters.ts';
import { nullDevice, shaderErrors } from './support/null-device.ts';

describe.each(Object.entries(adapters))('%s', (_, capabilities) => {
  test.each(Object.values(kernels) as unknown as AnyKernel[])('$name compiles', async (kernel) => {
    const gpu = await nullDevice();
    const shaders = new Map(
      kernel.cases.flatMap(({ name, problem }) => kernel.dispatches(problem, capabilities).map(({ label, code }) => [code, `${name}: ${label}`] as const)),
    );
    for (const [code, name] of shaders) expect(await shaderErrors(gpu, code), `${name}\n${code}`).toEqual([]);
  });
});
