import { linear } from '@hybridmed/nn';
import { plainDevice } from '@hybridmed/gpujs';
import type { HostArrays } from '@hybridmed/tensor';
import { ops } from '@hybridmed/tensor';
import { describe, expect, test } from 'vitest';
import type { FitOptions, Task } from '@hybridmed/training';
import { fit } from '@hybridmed/training';

const layer = linear({ inputs: 1, outputs: 1 });
const task: Task = {
  parameters: layer.parameters,
  data: { x: { shape: ['B', 1], dtype: 'f32' }, y: { shape: ['B', 1], dtype: 'f32' } },
  loss(scope, { x, y }) {
    const error = ops.sub(layer.call(scope, x!), y!);
    return ops.mean(ops.mul(error, error));
  },
};
const column = (...values: number[]) => ({ data: Float32Array.from(values), shape: [values.length, 1] });
// y = 3 x - 1
const batch: HostArrays = { x: column(-1, 0, 1, 2), y: column(-4, -1, 2, 5) };

const options = (more: Partial<FitOptions> = {}): FitOptions => ({
  device: plainDevice(),
  task,
  start: { weight: { data: Float32Array.of(0), shape: [1, 1] }, bias: { data: Float32Array.of(0), shape: [1] } },
  batches: () => [batch, batch],
  stepsPerEpoch: 2,
  steps: 300,
  round: 20,
  patience: 0,
  learningRate: 0.1,
  weightDecay: 0,
  seed: 0,
  validate: async (state) => -Math.abs((await state.read(['weight'])).weight!.data[0]! - 3),
  ...more,
});

describe('fitting', () => {
  test('learns a line', async () => {
    const { parameters, steps } = await fit(options());
    expect(parameters.weight!.data[0]).toBeCloseTo(3, 1);
    expect(parameters.bias!.data[0]).toBeCloseTo(-1, 1);
    expect(steps).toBe(300);
  });

  test('keeps the best round, not the last, and stops when nothing improves', async () => {
    const values = [0.5, 0.9, 0.7, 0.8, 0.6, 0.1];
    let round = 0;
    const found = await fit(options({ patience: 3, validate: () => Promise.resolve(values[round++]!) }));
    expect(found).toMatchObject({ validation: 0.9, bestStep: 40, steps: 100 });
  });

  test('a figure that is not a number is not the best, nor is what is saved', async () => {
    const values = [Number.NaN, 0.4, Number.NaN];
    let round = 0;
    const found = await fit(options({ patience: 3, validate: () => Promise.resolve(values[round++] ?? 0.1) }));
    expect(found).toMatchObject({ validation: 0.4, bestStep: 40 });
    await expect(fit(options({ learningRate: Infinity, round: 1 }))).rejects.toThrow(
      /^step 1: the parameter "\w+" has become (NaN|-?Infinity); lower --learning-rate$/,
    );
  });

  test('the same seed gives the same bits', async () => {
    expect((await fit(options())).parameters).toEqual((await fit(options())).parameters);
  });

  test('a loss that is not a number names the step', async () => {
    await expect(fit(options({ batches: () => [{ ...batch, y: column(1e30, -1e30, 1e30, 1) }] }))).rejects.toThrow(
      'step 1: the loss is Infinity; lower --learning-rate',
    );
  });
});
