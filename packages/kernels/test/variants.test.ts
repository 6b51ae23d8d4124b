// Every shader of every case, for adapters that no test machine need have: Dawn's null backend checks text, limits and pipelines.
import type { AnyKernel } from '@hybridmed/kernels';
import { kernels } from '@hybridmed/kernels';
import { describe, expect, test } from 'vitest';
import { adapters, variantsOf } from './support/adapters.ts';
import { nullDevice, shaderErrors } from './support/null-device.ts';

describe.each(Object.entries(adapters))('%s', (_, capabilities) => {
  test.each(Object.values(kernels) as unknown as AnyKernel[])('$name compiles', async (kernel) => {
    const gpu = await nullDevice();
    const shaders = new Map(
      kernel.cases.flatMap(({ name, problem }) =>
        variantsOf(kernel, problem, capabilities).flatMap((variant) =>
          kernel.dispatches(problem, capabilities, variant).map(({ label, code }) => [code, `${name}: ${label}`] as const),
        ),
      ),
    );
    for (const [code, name] of shaders) expect(await shaderErrors(gpu, code), `${name}\n${code}`).toEqual([]);
  });
});

describe.each((Object.values(kernels) as unknown as AnyKernel[]).filter(({ variants }) => variants))('$name', ({ cases, variants, dispatches }) => {
  test('problems of a class have the same variants, whose names differ', () => {
    for (const capabilities of Object.values(adapters)) {
      const known = new Map<string, string>();
      for (const { problem } of cases) {
        const names = variants!.names(problem, capabilities);
        expect(new Set(names).size).toBe(names.length);
        const sorted = names.toSorted().join();
        const key = variants!.shapeClass(problem);
        expect(known.get(key) ?? sorted, key).toBe(sorted);
        known.set(key, sorted);
      }
    }
  });

  test('a variant that an adapter has not is refused by name', () => {
    const { problem } = cases.find(({ problem: one }) => variants!.names(one, adapters['gpu']!).length > 1)!;
    expect(() => dispatches(problem, adapters['gpu'], 'broadcast 8')).toThrow(/^there is no variant "broadcast 8"; it is one of /);
    expect(dispatches(problem, adapters['gpu'], variants!.names(problem, adapters['gpu']!)[0])).toEqual(dispatches(problem, adapters['gpu']));
  });
});
