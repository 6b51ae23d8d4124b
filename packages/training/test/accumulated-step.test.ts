import { plainDevice } from '@hybridmed/gpujs';
import { initialize } from '@hybridmed/nn';
import type { HostArrays } from '@hybridmed/tensor';
import { createModel } from '@hybridmed/model';
import { lossesWithParameters, lossNames, lossRows } from '@hybridmed/model/objective';
import type { StagePlan } from '@hybridmed/model/graphs';
import { stepFields, teacherParameters, teacherPrefix } from '@hybridmed/model/graphs';
import { presetModel } from '@hybridmed/model/presets';
import { accumulatedStep, startOptimizer, wholeStep } from '@hybridmed/training';
import { describe, expect, test } from 'vitest';

// With every loss's own parameters: those of a loss that a plan leaves out get no gradient.
const model = createModel({ ...presetModel('tiny', 60, { pad: 0, unk: 1, cls: 2, sep: 3 }), losses: lossesWithParameters });
const [B, L, Y] = [16, 9, 6];

function batchOf(): HostArrays {
  const ids = (length: number, step: number) => ({ data: Int32Array.from({ length: B * length }, (_, i) => 4 + ((i * step) % 50)), shape: [B, length] });
  const mask = (length: number) => ({
    data: Float32Array.from({ length: B * length }, (_, i) => (i % length < 2 + (Math.floor(i / length) % (length - 1)) ? 1 : 0)),
    shape: [B, length],
  });
  return {
    image: { data: Float32Array.from({ length: B * 32 * 32 }, (_, i) => Math.sin(i * 0.37) * Math.cos(i * 0.011)), shape: [B, 1, 32, 32] },
    findings: ids(L, 7),
    findings_mask: mask(L),
    impression: ids(Y, 11),
    impression_mask: mask(Y),
    input: ids(Y - 1, 13),
    target: ids(Y - 1, 17),
    target_mask: mask(Y - 1),
    groups: { data: Int32Array.from({ length: B }, (_, i) => (i === 9 ? 2 : i)), shape: [B] },
  };
}

const plans: readonly [string, StagePlan][] = [
  ['stage 1', { stage: 1 }],
  [
    'stage 2, equal impressions positive',
    { stage: 2, teacher: 'snapshot', weights: { cg: 1, cl: 1, sum: 1, cap: 2, dis: 1 }, temperature: 1, tau: 0.1, duplicates: 'positives' },
  ],
  [
    'stage 2, every loss of the table',
    {
      stage: 2,
      teacher: 'live',
      weights: Object.fromEntries(lossNames.map((name, i) => [name, 1 + i / 4])),
      temperature: 1,
      tau: 0.1,
      duplicates: 'positives',
    },
  ],
  [
    'stage 2, only losses that compare studies, an impression of several studies once',
    {
      stage: 2,
      teacher: 'live',
      weights: Object.fromEntries(lossRows.flatMap(({ key, scope }) => (scope === 'batch' ? [[key, 0.7]] : []))),
      temperature: 1,
      tau: 0.1,
      duplicates: 'unique',
    },
  ],
  [
    'stage 2, live teacher',
    { stage: 2, teacher: 'live', weights: { cg: 1, cl: 1, sum: 1, cap: 2, dis: 1 }, temperature: 1, tau: 0.1, duplicates: 'negatives' },
  ],
];

describe.each(plans)('%s', (_, plan) => {
  test('four passes of four studies make the step of sixteen: losses, gradient norm, every parameter', async () => {
    const device = plainDevice();
    const parameters = initialize(model.parameters, 1);
    const teacher =
      plan.stage === 2 && plan.teacher === 'snapshot'
        ? Object.fromEntries(teacherParameters(model, 'snapshot').map((name) => [teacherPrefix + name, parameters[name]!]))
        : {};
    const begin = () => device.createState({ ...parameters, ...startOptimizer(model, plan), ...teacher });
    const [one, four] = [begin(), begin()];
    const batch = batchOf();
    const fed = Object.fromEntries(stepFields(plan, model).map((field) => [field, batch[field]!]));
    const whole = await wholeStep({ device, state: one, model, plan, seed: 0, optimizer: {} });
    const parts = await accumulatedStep({ device, state: four, model, plan, seed: 0, optimizer: {} }, 4);
    for (let step = 0; step < 2; step++) {
      const [a, b] = [await whole(fed, { step, learningRate: 1e-3 }), await parts(fed, { step, learningRate: 1e-3 })];
      expect(Object.keys(b.losses).toSorted()).toEqual(Object.keys(a.losses).toSorted());
      for (const [name, value] of Object.entries(a.losses)) expect(Math.abs(b.losses[name as 'total']! - value) / Math.abs(value), name).toBeLessThan(1e-4);
      expect(Math.abs(b.gradientNorm - a.gradientNorm) / a.gradientNorm).toBeLessThan(1e-4);
      // The moments hold the gradients themselves, which AdamW's division does not.
      const moments = Object.keys(startOptimizer(model, plan)).filter((name) => name.startsWith('adam.m.'));
      const [first, second] = [await one.read(moments), await four.read(moments)];
      const greatest = (data: ArrayLike<number>) => Array.from(data).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      const largest = Math.max(...moments.map((name) => greatest(first[name]!.data)));
      for (const name of moments) {
        const difference = greatest(first[name]!.data.map((value, i) => value - second[name]!.data[i]!));
        expect(difference / Math.max(greatest(first[name]!.data), 1e-6 * largest), name).toBeLessThan(1e-4);
      }
    }
  }, 120_000);
});
