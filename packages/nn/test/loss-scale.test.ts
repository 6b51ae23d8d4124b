// The loss scale of mixed precision, on the plain reference: what a step does with it, and how it changes.
import { plainDevice } from '@hybridmed/gpujs';
import { adamWStep, lossScaleNames, lossScaleOf, lossScaleSpecs, momentNames, startLossScale } from '@hybridmed/nn';
import type { HostArrays } from '@hybridmed/tensor';
import { array, grad, ops, trace } from '@hybridmed/tensor';
import { expect, test } from 'vitest';

const device = plainDevice({ precision: 'f32' });
const scalar = (value: number) => ({ data: Float32Array.of(value), shape: [] });
const w = { shape: [3], init: { kind: 'constant', value: 0 } } as const;
const [m, v] = momentNames('w');

/** One step on the loss sum(w x), whose gradient is x, with or without a scale. */
async function stepper(lossScale: boolean) {
  const f32 = (shape: readonly number[]) => ({ shape, dtype: 'f32' as const });
  const entries = { w: f32([3]), [m]: f32([3]), [v]: f32([3]), ...(lossScale ? lossScaleSpecs() : {}) };
  const graph = trace({ data: { x: f32([3]), step: f32([]) }, state: entries }, ({ x, step }, state) => {
    const loss = ops.sum(ops.mul(state['w']!, x!));
    const [gradient] = grad(lossScale ? ops.mul(loss, lossScaleOf(state)) : loss, [state['w']!]);
    const { updates, gradientNorm } = adamWStep({ w }, state, { w: gradient! }, { learningRate: ops.full(0.1, []), step: step! }, { lossScale });
    return { results: { gradientNorm }, updates };
  });
  return device.compile(graph);
}
const start = (more: HostArrays = {}) => device.createState({ w: array([1, 2, 3]), [m]: array([0, 0, 0]), [v]: array([0, 0, 0]), ...more });
const scaled = (scale: number, good = 0) => ({ ...startLossScale(), loss_scale: scalar(scale), 'loss_scale.good_steps': scalar(good) });
const x = array([0.5, -3, 2]);

test('a step with a scale is the step without, and counts', async () => {
  const [plain, with1024] = [start(), start(startLossScale())];
  const [a, b] = [await stepper(false), await stepper(true)];
  for (const step of [1, 2]) expect(await b.run({ x, step: scalar(step) }, with1024)).toEqual(await a.run({ x, step: scalar(step) }, plain));
  expect(await with1024.read(['w', m, v])).toEqual(await plain.read());
  expect(await with1024.read(lossScaleNames)).toEqual({ loss_scale: scalar(1024), 'loss_scale.good_steps': scalar(2), 'loss_scale.skipped_steps': scalar(0) });
});

test('gradients that overflow leave parameters and moments alone and halve the scale; the next update is the first', async () => {
  const program = await stepper(true);
  const state = start(scaled(2 ** 20, 7));
  const before = await state.read(['w', m, v]);
  for (const bad of [Infinity, NaN]) {
    const { gradientNorm } = await program.run({ x: array([1, bad, 2]), step: scalar(bad === Infinity ? 1 : 2) }, state);
    expect(Number.isFinite(gradientNorm!.data[0])).toBe(false);
    expect(await state.read(['w', m, v])).toEqual(before);
  }
  expect(await state.read(lossScaleNames)).toEqual({
    loss_scale: scalar(2 ** 18),
    'loss_scale.good_steps': scalar(0),
    'loss_scale.skipped_steps': scalar(2),
  });
  await program.run({ x, step: scalar(3) }, state);
  const fresh = start(startLossScale());
  await program.run({ x, step: scalar(1) }, fresh);
  expect(await state.read(['w', m, v])).toEqual(await fresh.read(['w', m, v]));
});

test('the scale doubles after 2,000 good steps, and stays within its bounds', async () => {
  const program = await stepper(true);
  const after = async (scale: number, good: number, factor: number) => {
    const state = start(scaled(scale, good));
    await program.run({ x: array([factor, 1, 1]), step: scalar(1) }, state);
    const { loss_scale: next, 'loss_scale.good_steps': count } = await state.read(lossScaleNames);
    return [next!.data[0], count!.data[0]];
  };
  expect(await after(1024, 1998, 1)).toEqual([1024, 1999]);
  expect(await after(1024, 1999, 1)).toEqual([2048, 0]);
  expect(await after(2 ** 24, 1999, 1)).toEqual([2 ** 24, 0]);
  expect(await after(1, 5, Infinity)).toEqual([1, 0]);
});
