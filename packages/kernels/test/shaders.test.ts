// Generated WGSL, without a GPU: a change in it is seen in review, and sizes never are part of it.
import type { AnyKernel } from '@hybridmed/kernels';
import { kernels } from '@hybridmed/kernels';
import { describe, expect, test } from 'vitest';
import { adapters, variantsOf } from './support/adapters.ts';

// Sizes of subgroups change numbers in the text, nothing else.
const shown = Object.entries(adapters).filter(([name]) => !['processor, subgroups of 4', 'subgroup matrix 8x8x8'].includes(name));
const all = Object.values(kernels) as unknown as AnyKernel[];

describe.each(all)('$name', (kernel) => {
  test('its shaders', () => {
    const cases = kernel.cases.filter(({ large }) => !large).flatMap((one) => shown.map(([adapter, capabilities]) => ({ ...one, adapter, capabilities })));
    const textsOf = ({ name, problem, adapter, capabilities }: (typeof cases)[number], variant?: string) =>
      kernel
        .dispatches(problem, capabilities, variant)
        .map(({ label, code }) => [code, `${name}: ${label}, on ${adapter}${variant === undefined ? '' : `, ${variant}`}`] as const);
    const shaders = new Map(cases.flatMap((one) => textsOf(one)).toReversed());
    // Variants that no rule takes: each once, for the first case that has it.
    const variants = new Map(cases.toReversed().flatMap((one) => variantsOf(kernel, one.problem, one.capabilities).map((name) => [name, one] as const)));
    const others = new Map([...variants].flatMap(([name, one]) => textsOf(one, name)).filter(([code]) => !shaders.has(code)));
    // Each text once, under the first case that has it.
    expect([...[...shaders].toReversed(), ...others].map(([code, name]) => `// ${name}\n${code}`).join('\n\n')).toMatchSnapshot();
  });

  test('its dispatches stay within what every adapter has', () => {
    for (const { name, problem } of kernel.cases) {
      for (const capabilities of Object.values(adapters)) {
        for (const variant of variantsOf(kernel, problem, capabilities)) {
          const { inputs, outputs, temporaries = [] } = kernel.arrays(problem, capabilities, variant);
          const names = [...inputs, ...outputs, ...temporaries].map((array) => array.name);
          expect(new Set(names).size, name).toBe(names.length);
          for (const { reads, writes, workgroups, parameters, code } of kernel.dispatches(problem, capabilities, variant)) {
            expect(Math.max(...workgroups), name).toBeLessThanOrEqual(65_535);
            expect(Math.min(...workgroups), name).toBeGreaterThan(0);
            expect(reads.length + writes.length, name).toBeLessThanOrEqual(8);
            expect(
              [...reads, ...writes].filter((array) => !names.includes(array)),
              name,
            ).toEqual([]);
            expect(
              writes.every((array) => !reads.includes(array) && !inputs.some((input) => input.name === array)),
              name,
            ).toBe(true);
            expect(parameters.length % 4, name).toBe(0);
            expect([...code.matchAll(/var<storage, read_write>/g)].length, name).toBe(writes.length);
          }
        }
      }
    }
  });
});

test('one shader serves all sizes', () => {
  const plain = (size: number) =>
    kernels.matmul.dispatches({ m: size, n: 2 * size, k: 4 * size, transposeA: false, transposeB: true, lead: [3], leadA: [1], leadB: [0] })[0]!.code;
  expect(plain(640)).toBe(plain(1024));
  const rows = (width: number) => kernels.softmax.dispatches({ rows: width, width, log: true })[0]!.code;
  expect(rows(6)).toBe(rows(30_522));
});
