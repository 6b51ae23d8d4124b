// Evaluation of a model whose images were trained by labels: its head on a split, from a checkpoint and from exported graphs, and what is no zero-shot figure.
import { join } from 'node:path';
import { auc as areaUnder } from '@hybridmed/eval';
import { labelTargets } from '@hybridmed/eval/labeller';
import { exportCheckpoint, openModel } from '@hybridmed/runtime';
import { openDevice } from '@hybridmed/runtime/device';
import { pretrain } from '@hybridmed/runtime/run';
import { completeConfig } from '@hybridmed/runtime/settings';
import { evaluate } from '@hybridmed/tasks/node';
import type { EvaluationReport } from '@hybridmed/tasks/node';
import type { Device } from '@hybridmed/tensor';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { truthLabel } from '../src/truth-labels.ts';
import { smallPhantoms, temporaryFolder } from '../../../tools/support/phantoms.ts';

const { folder, remove } = temporaryFolder();
const run = join(folder, 'run');
let device: Device;
let data: string;
let own: EvaluationReport;

async function evaluated(path: string, messages: string[] = []): Promise<EvaluationReport> {
  const model = await openModel(path, { device });
  try {
    return await evaluate({ model, data, split: 'test', device, onMessage: (line) => messages.push(line) });
  } finally {
    await model.close();
  }
}

beforeAll(async () => {
  device = (await openDevice('cpu', { threads: 1 })).device;
  data = `phantom:${await smallPhantoms(folder)}`;
  const config = completeConfig({ data, preset: 'tiny', epochs: [2, 1, 1], steps: [0, 2, 2], labels: 'report', lab: 0.5 });
  await pretrain({ config, out: run, device, workers: 0 });
  own = await evaluated(run);
}, 120_000);

afterAll(async () => {
  await device.close();
  remove();
});

test('each label of the run has its AUC over the studies whose reports do not doubt it, and figures by prompts of these findings are marked', async () => {
  const model = await openModel(run, { device });
  const { columns } = model.info.labels!;
  await model.close();
  expect(own.imageLabels!.map(({ column }) => column)).toEqual(columns);
  for (const { positives, studies, auc } of own.imageLabels!) {
    expect(positives).toBeLessThanOrEqual(studies);
    expect(auc === null || (auc.low <= auc.value && auc.value <= auc.high)).toBe(true);
  }
  expect(own.losses.lab).toBeGreaterThan(0);
  // Phantoms have labels of their own, which the head answers by the labels of reports.
  expect(own.labelHead!.length).toBeGreaterThan(0);
  for (const { name, column, positives, auc } of own.labelHead!) {
    expect([columns.includes(column), truthLabel(name)!.label]).toEqual([true, column.slice('report: '.length)]);
    const answers = own.examples.flatMap(({ labelHead }) => labelHead?.[name] ?? []);
    expect(answers.filter(({ truth }) => truth === 1).length).toBe(positives);
    const value = areaUnder(
      answers.map(({ truth }) => truth),
      answers.map(({ score }) => score),
    );
    expect(auc === null ? Number.NaN : auc.value).toEqual(value);
  }
  expect(own.staleHead).toBeUndefined();
  const supervised = own.zeroShot.filter((row) => row.supervised).map(({ name }) => name);
  expect(supervised.includes('effusion')).toBe(columns.includes('report: Pleural Effusion'));
  expect(supervised.includes('nodule')).toBe(columns.includes('report: Lung Lesion'));
  expect(supervised.length).toBeGreaterThan(0);
});

test('exported graphs give the same figures; without the encoder itself these are left out, which is said', { timeout: 120_000 }, async () => {
  const out = join(folder, 'export');
  const parts = ['align', 'caption', 'summarize'] as const;
  await exportCheckpoint({ checkpoint: run, parts, out });
  const messages: string[] = [];
  const without = await evaluated(out, messages);
  expect([without.imageLabels, without.losses.lab]).toEqual([undefined, undefined]);
  expect(messages).toContain('image labels and their loss are left out: the encoder itself was not exported (--part vision)');
  await exportCheckpoint({ checkpoint: run, parts: ['vision'], out });
  const exported = await evaluated(out);
  expect(exported.losses.lab).toBeCloseTo(own.losses.lab!, 4);
  expect(exported.imageLabels!.map(({ column, positives, studies }) => [column, positives, studies])).toEqual(
    own.imageLabels!.map(({ column, positives, studies }) => [column, positives, studies]),
  );
  exported.imageLabels!.forEach(({ auc }, i) => expect(auc?.value ?? null).toEqual(own.imageLabels![i]!.auc?.value ?? null));
});

test('a head that stage 2 left behind is said, of checkpoints and of exports; one whose encoder was frozen is not', { timeout: 120_000 }, async () => {
  const train = async (name: string, stages: object) => {
    const settings = { data, preset: 'tiny', epochs: [1, 1, 1], steps: [1, 1, 1], labels: 'report', stages } as const;
    const out = join(folder, name);
    await pretrain({ config: completeConfig(settings), out, device, workers: 0 });
    // The mark is of stage 2: what resumes the run has the same labels.
    await pretrain({ config: completeConfig(settings), out, device, workers: 0, resume: true });
    return out;
  };
  const left = await train('left', {});
  const messages: string[] = [];
  const report = await evaluated(left, messages);
  expect(report.staleHead).toBe(true);
  expect(messages.some((line) => line.includes('stale head'))).toBe(true);
  const out = join(folder, 'left-export');
  await exportCheckpoint({ checkpoint: left, parts: ['vision', 'align', 'caption', 'summarize'], out });
  expect((await evaluated(out)).staleHead).toBe(true);
  expect((await evaluated(await train('frozen', { 2: { freeze: ['vision.*'] } }))).staleHead).toBeUndefined();
});

test('a checkpoint of stage 0 writes nothing yet, which is one line', async () => {
  await expect(evaluated(join(run, 'checkpoints/stage0-best'))).rejects.toThrow(
    /is of stage 0, whose findings branch is not trained; name a stage-2 checkpoint$/,
  );
});

test('what a text says becomes 0, 1 or nothing, "No Finding" by what the diseases are', () => {
  const studies = [
    { findings: 'The heart is normal.', impression: 'No effusion.' },
    { findings: 'Small pleural effusion.', impression: 'Small effusion.' },
    { findings: 'The lungs are clear.', impression: 'Possible pneumonia.' },
  ];
  const columns = ['report: No Finding', 'report: Pleural Effusion', 'impression: Pneumonia'];
  const rows = (policy: 'mask' | 0 | 1) => {
    const { values, mask } = labelTargets(studies, columns, policy);
    return studies.map((_, row) => columns.map((_column, k) => (mask[row * 3 + k] === 1 ? values[row * 3 + k] : undefined)));
  };
  expect(rows('mask')).toEqual([
    [1, 0, 0],
    [0, 1, 0],
    [undefined, 0, undefined],
  ]);
  expect(rows(0)[2]).toEqual([1, 0, 0]);
  expect(rows(1)[2]).toEqual([0, 0, 1]);
  expect(() => labelTargets(studies, ['report: Measles'], 'mask')).toThrow('"report: Measles" is no label of this version');
});
