// The GPU's plans of whole steps: their dispatches, shaders and the memory of their intermediates, known before anything is allocated.
import { createModel } from '@hybridmed/model';
import { defaultWeights } from '@hybridmed/model/objective';
import { stepGraph, validationGraph } from '@hybridmed/model/graphs';
import { presetModel } from '@hybridmed/model/presets';
import { requestDevice, webgpuDevice } from '@hybridmed/webgpu';
import { nodeWebgpuDevice } from '@hybridmed/webgpu/node';
import type { Graph } from '@hybridmed/tensor';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { create } from 'webgpu';

const special = { pad: 0, unk: 1, cls: 2, sep: 3 };
const stage2 = { stage: 2, teacher: 'snapshot', weights: defaultWeights, temperature: 1, tau: 0.1, duplicates: 'negatives' } as const;

/** Sizes for a graph's symbols. */
function bindingsOf(graph: Graph): Record<string, number> {
  const lengths: Record<string, number> = { B: 16, L: 128, F: 128, I: 48, T: 47 };
  const symbols = Object.values(graph.data).flatMap(({ shape }) => shape.filter((dim) => typeof dim === 'string'));
  return Object.fromEntries(symbols.map((symbol) => [symbol, lengths[symbol] ?? 48]));
}

test('the planned peak of a small step is at most 0.7 of all intermediates side by side', async () => {
  const device = await nodeWebgpuDevice();
  const spy = vi.spyOn(device.gpu, 'createBuffer');
  const model = createModel(presetModel('small', 4096, special));
  const program = await device.compile(stepGraph(model, stage2));
  const { arenaBytes, unsharedBytes } = program.summary(bindingsOf(program.graph));
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
    const model = createModel(presetModel('small', 4096, special));
    const program = await device.compile(stepGraph(model, { ...stage2, lossScale: precision === 'mixed' }));
    bytes.push(program.summary({ B: 16, L: 128, Y: 48, T: 47 }).arenaBytes);
    await device.close();
  }
  expect(bytes[1]! / bytes[0]!).toBeLessThan(0.75);
});

describe('plans for an adapter that has what every adapter has', async () => {
  // Dawn's null backend plans as a GPU does and runs nothing; what `create()` returns must outlive everything made from it.
  const gpu = create(['backend=null']);
  const device = webgpuDevice(await requestDevice((await gpu.requestAdapter())!), { name: 'null' });
  afterAll(() => device.close());
  const model = createModel(presetModel('tiny', 377, special));
  const graphs = { 'stage 1': stepGraph(model, { stage: 1 }), 'stage 2': stepGraph(model, stage2), validation: validationGraph(model, stage2) };

  test.each(Object.entries(graphs))('%s of tiny', async (_, graph) => {
    const program = await device.compile(graph);
    expect(program.summary(bindingsOf(graph))).toMatchSnapshot();
  });
});
