// The GPU's plan of a whole stage-2 step: how much memory its intermediates need, known before anything is allocated.
import { createModel, defaultWeights } from '@hybridmed/model';
import { stepGraph } from '@hybridmed/model/graphs';
import { presetModel } from '@hybridmed/model/presets';
import { nodeWebgpuDevice } from '@hybridmed/webgpu/node';
import { expect, test, vi } from 'vitest';

test('the planned peak of a small step is at most 0.7 of all intermediates side by side', async () => {
  const device = await nodeWebgpuDevice();
  const spy = vi.spyOn(device.gpu, 'createBuffer');
  const model = createModel(presetModel('small', 4096, { pad: 0, unk: 1, cls: 2, sep: 3 }));
  const plan = { stage: 2, teacher: 'snapshot', weights: defaultWeights, temperature: 1, tau: 0.1, duplicates: 'negatives' } as const;
  const program = await device.compile(stepGraph(model, plan));
  const symbols = Object.values(program.graph.data).flatMap(({ shape }) => shape.filter((dim) => typeof dim === 'string'));
  const lengths: Record<string, number> = { B: 16, L: 128, F: 128, I: 48, T: 47 };
  const { arenaBytes, unsharedBytes } = program.summary(Object.fromEntries(symbols.map((symbol) => [symbol, lengths[symbol] ?? 48])));
  expect(arenaBytes).toBeGreaterThan(2 ** 20);
  expect(arenaBytes / unsharedBytes).toBeLessThanOrEqual(0.7);
  expect(spy).not.toHaveBeenCalled();
  await device.close();
});

const probe = await nodeWebgpuDevice();
const half = probe.gpu.features.has('shader-f16');
await probe.close();

test.skipIf(!half)('mixed precision lowers the planned peak of a small step by a quarter (skipped where the adapter has no 16-bit floats)', async () => {
  const bytes: number[] = [];
  for (const precision of ['f32', 'mixed'] as const) {
    const device = await nodeWebgpuDevice({ precision });
    const model = createModel(presetModel('small', 4096, { pad: 0, unk: 1, cls: 2, sep: 3 }));
    const plan = { stage: 2, teacher: 'snapshot', weights: defaultWeights, temperature: 1, tau: 0.1, duplicates: 'negatives' } as const;
    const program = await device.compile(stepGraph(model, { ...plan, lossScale: precision === 'mixed' }));
    bytes.push(program.summary({ B: 16, L: 128, Y: 48, T: 47 }).arenaBytes);
    await device.close();
  }
  expect(bytes[1]! / bytes[0]!).toBeLessThan(0.75);
});
