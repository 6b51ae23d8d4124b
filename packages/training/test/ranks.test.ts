// Ranks that share a step: the step of one process, whoever computes its passes.
import { createModel } from '@hybridmed/model';
import type { StagePlan } from '@hybridmed/model/graphs';
import { stepFields, teacherParameters, teacherPrefix } from '@hybridmed/model/graphs';
import { sliceRows } from '@hybridmed/model/host-arrays';
import { initialize } from '@hybridmed/nn';
import { cpuDevice } from '@hybridmed/onnx';
import type { Communicator } from '@hybridmed/ranks';
import { alone } from '@hybridmed/ranks';
import type { HostArray, HostArrays } from '@hybridmed/tensor';
import type { StepResult } from '@hybridmed/training';
import { accumulatedStep, startOptimizer } from '@hybridmed/training';
import { describe, expect, test } from 'vitest';
import { threads } from '../../ranks/test/support/threads.ts';
import { greatestError } from '../../tensor/test/support/numbers.ts';

const vocabularySize = 60;
const model = createModel({
  vision: { kind: 'vit', imageSize: 16, patch: 8, channels: 1, width: 12, depth: 1, heads: 2, dropout: 0.1 },
  text: { vocabularySize, width: 12, depth: 1, heads: 2, ffn: 24, positions: 24, dropout: 0.1 },
  align: 8,
  decoder: { vocabularySize, width: 12, depth: 1, heads: 2, positions: 24, dropout: 0.1 },
  special: { pad: 0, unk: 1, cls: 2, sep: 3 },
});
const [studies, findingsLength, impressionLength] = [16, 12, 8];

/** A batch whose texts differ in length, some impressions alike: across ranks, and padded with zeros. */
function wholeBatch(): HostArrays {
  const length = (row: number, longest: number): number => 3 + ((row * 5) % (longest - 2));
  const impressionOf = (row: number): number => (row === 9 ? 2 : row === 14 ? 3 : row);
  const rows = (longest: number, of: (row: number, at: number) => number, lengthOf: (row: number) => number) => {
    const ids = new Int32Array(studies * longest);
    const mask = new Float32Array(studies * longest);
    for (let row = 0; row < studies; row++) for (let at = 0; at < lengthOf(row); at++) [ids[row * longest + at], mask[row * longest + at]] = [of(row, at), 1];
    return [
      { data: ids, shape: [studies, longest] },
      { data: mask, shape: [studies, longest] },
    ] as const;
  };
  const word = (row: number, at: number): number => 4 + ((impressionOf(row) * 7 + at * 11) % 50);
  const ofImpression = (row: number): number => length(impressionOf(row), impressionLength);
  const [findings, findingsMask] = rows(
    findingsLength,
    (row, at) => 4 + ((row * 3 + at * 13) % 50),
    (row) => length(row, findingsLength),
  );
  const [impression, impressionMask] = rows(impressionLength, word, ofImpression);
  const [input] = rows(impressionLength - 1, word, (row) => ofImpression(row) - 1);
  const [target, targetMask] = rows(
    impressionLength - 1,
    (row, at) => word(row, at + 1),
    (row) => ofImpression(row) - 1,
  );
  return {
    image: { data: Float32Array.from({ length: studies * 16 * 16 }, (_, i) => Math.sin(i * 0.37) * Math.cos(i * 0.011)), shape: [studies, 1, 16, 16] },
    findings,
    findings_mask: findingsMask,
    impression,
    impression_mask: impressionMask,
    input,
    target,
    target_mask: targetMask,
    groups: { data: Int32Array.from({ length: studies }, (_, row) => impressionOf(row)), shape: [studies] },
  };
}

/** What a rank's loader gives of it: the rows of its passes, texts as long as its own longest, groups among its own. */
function ownBatch(batch: HostArrays, { rank, size }: Communicator, passes: number): HostArrays {
  const ofPass = studies / passes;
  const rows = Array.from({ length: studies }, (_, row) => row).filter((row) => Math.floor(row / ofPass) % size === rank);
  const longest = (mask: HostArray): number =>
    Math.max(...rows.map((row) => (sliceRows(mask, row, row + 1).data as Float32Array).reduce((sum, value) => sum + value, 0)));
  return Object.fromEntries(
    Object.entries(batch).map(([name, array]) => {
      if (name === 'groups')
        return [name, { data: Int32Array.from(rows, (row) => rows.findIndex((other) => array.data[other] === array.data[row])), shape: [rows.length] }];
      const taken = rows.map((row) => sliceRows(array, row, row + 1).data);
      const width =
        name === 'image'
          ? taken[0]!.length
          : longest(batch[name === 'input' || name === 'target' ? 'target_mask' : name.endsWith('_mask') ? name : `${name}_mask`]!);
      const data = new (array.data.constructor as Float32ArrayConstructor)(rows.length * width);
      taken.forEach((row, i) => data.set(row.subarray(0, width), i * width));
      return [name, { data, shape: [rows.length, ...(name === 'image' ? array.shape.slice(1) : [width])] }];
    }),
  );
}

const weights = { cg: 1, cl: 1, sum: 1, cap: 2, dis: 1 };
const plans: readonly [string, StagePlan][] = [
  ['stage 1', { stage: 1 }],
  ['stage 2, equal impressions positive', { stage: 2, teacher: 'snapshot', weights, temperature: 1, tau: 0.1, duplicates: 'positives' }],
  ['stage 2, live teacher, all negative', { stage: 2, teacher: 'live', weights, temperature: 1, tau: 0.1, duplicates: 'negatives' }],
];

/** Two steps of one rank; what it had afterwards. */
async function train(ranks: Communicator, plan: StagePlan, passes: number): Promise<{ results: StepResult[]; state: HostArrays }> {
  const device = cpuDevice({ threads: 1 });
  const parameters = initialize(model.parameters, 1);
  const teacher =
    plan.stage === 2 && plan.teacher === 'snapshot'
      ? Object.fromEntries(teacherParameters(model, 'snapshot').map((name) => [teacherPrefix + name, parameters[name]!]))
      : {};
  const state = device.createState({ ...parameters, ...startOptimizer(model, plan), ...teacher });
  const step = await accumulatedStep({ device, state, model, plan, seed: 0, optimizer: {}, ranks }, passes);
  const own = ownBatch(wholeBatch(), ranks, passes);
  const batch = Object.fromEntries(stepFields(plan, model).map((field) => [field, own[field]!]));
  const results = [];
  for (let i = 0; i < 2; i++) results.push(await step(batch, { step: i, learningRate: 1e-3, stop: i === 1 && ranks.rank === ranks.size - 1 }));
  return { results, state: await state.read() };
}

describe.each(plans)('%s', (_, plan) => {
  test('two ranks with a pass each make the bits of one with both, and all ranks the same ones', async () => {
    const [one, [first, second]] = await Promise.all([train(alone, plan, 2), Promise.all(threads(2).map((ranks) => train(ranks, plan, 2)))]);
    expect(first!.state).toEqual(one.state);
    expect(second!.state).toEqual(one.state);
    for (const { results } of [first!, second!])
      expect(results.map(({ losses, gradientNorm }) => ({ losses, gradientNorm }))).toEqual(
        one.results.map(({ losses, gradientNorm }) => ({ losses, gradientNorm })),
      );
    // The last rank alone asked to stop, after the second step.
    for (const { results } of [first!, second!]) expect(results.map(({ stop }) => stop)).toEqual([false, true]);
  });
});

test('two and four ranks share four passes within rounding', async () => {
  const [, plan] = plans[1]!;
  const one = await train(alone, plan, 4);
  for (const size of [2, 4]) {
    const all = await Promise.all(threads(size).map((ranks) => train(ranks, plan, 4)));
    for (const { state, results } of all) {
      expect(state).toEqual(all[0]!.state);
      results.forEach(({ losses }, i) => {
        for (const [name, value] of Object.entries(one.results[i]!.losses))
          expect(Math.abs(losses[name as 'total']! - value) / value, name).toBeLessThan(name === 'dis' ? 1e-3 : 1e-4);
      });
    }
    const moments = (state: HostArrays): HostArrays => Object.fromEntries(Object.entries(state).filter(([name]) => name.startsWith('adam.m.')));
    expect(greatestError(moments(all[0]!.state), moments(one.state))).toBeLessThan(1e-6);
  }
});

test('ranks that cannot share the passes are refused with what fits', async () => {
  const [first] = threads(4);
  await expect(train(first!, { stage: 1 }, 6)).rejects.toThrow(
    '4 ranks cannot share the 6 passes of a step; start 1, 2, 3, 6 of them, or give --accumulate a multiple of 4',
  );
});
