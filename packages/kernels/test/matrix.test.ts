// The subgroup-matrix tier, which no software adapter can run: its text compiles on Dawn's null backend, its tiling gives the reference.
import type { MatmulProblem } from '@hybridmed/kernels';
import { fromHalf, kernels, toHalf } from '@hybridmed/kernels';
import { nullDevice, shaderErrors } from './support/null-device.ts';
import { describe, expect, test } from 'vitest';
import { adapters } from './support/adapters.ts';
import { emulate } from './support/matrix-emulator.ts';

const kinds = Object.entries(adapters).filter(([, { subgroupMatrix }]) => subgroupMatrix.length > 0);
const product = (m: number, n: number, k: number, transposeA: boolean, transposeB: boolean): MatmulProblem => ({
  m,
  n,
  k,
  transposeA,
  transposeB,
  lead: [],
  leadA: [],
  leadB: [],
  types: ['f16', 'f16', 'f32'],
});
const flags = [false, true].flatMap((a) => [false, true].map((b) => [a, b] as const));

describe.each(kinds)('%s', (_, capabilities) => {
  test('its shaders compile', async () => {
    const gpu = await nullDevice();
    for (const [a, b] of flags)
      for (const [m, n, k] of [
        [64, 64, 64],
        [63, 65, 197],
      ] as const) {
        const { label, code } = kernels.matmul.dispatches(product(m, n, k, a, b), capabilities)[0]!;
        expect(label).toContain('matrix');
        expect(await shaderErrors(gpu, code), code).toEqual([]);
      }
  });

  test.each(flags)('its tiling gives the reference, transposed: %s, %s', (transposeA, transposeB) => {
    for (const [m, n, k] of [
      [5, 7, 3],
      [65, 63, 67],
      [64, 64, 1023],
    ] as const) {
      const problem = product(m, n, k, transposeA, transposeB);
      const noise = (length: number, seed: number) => fromHalf(toHalf(Float32Array.from({ length }, (__, i) => Math.sin((i + 1) * 12.9898 + seed))));
      const inputs = [noise(m * k, 1), noise(k * n, 2)] as const;
      const [expected] = kernels.matmul.reference(problem, inputs);
      const ours = emulate(problem, inputs, capabilities.subgroupMatrix[0]!, 0, k);
      const greatest = Math.max(...Array.from(expected!, Math.abs));
      ours.forEach((value, i) => expect(Math.abs(value - expected![i]!)).toBeLessThan(1e-5 * greatest));
    }
  });
});
