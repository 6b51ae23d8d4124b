// A model without a vision encoder: what it has of the same model with one, what it starts from, and what its graphs read.
import { createModel, defaultWeights, readsImages } from '@hybridmed/model';
import { gradientGraph, stepFields, stepGraph } from '@hybridmed/model/graphs';
import { evaluatedWeights, lossesOfImages } from '@hybridmed/model/objective';
import { presetModel } from '@hybridmed/model/presets';
import { initialize } from '@hybridmed/nn';
import { plainDevice } from '@hybridmed/gpujs';
import { expect, test } from 'vitest';

const special = { pad: 0, unk: 1, cls: 2, sep: 3 };
const sizes = presetModel('tiny', 40, special);
const [full, blind] = [createModel(sizes), createModel({ ...sizes, vision: { kind: 'none' } })];
const weights = { ...defaultWeights, cg: 0, cl: 0 };
const plan = { stage: 2, teacher: 'live', weights, temperature: 1, tau: 0.1, duplicates: 'negatives' } as const;

test('it is the model less vision, alignment and the cross-attention of the image branch with its norm', () => {
  const gone = Object.keys(full.parameters).filter((name) => !(name in blind.parameters));
  const isOfImages = (name: string) => /^(?:vision|align)\./.test(name) || /^decoder\.blocks\.\d+\.(?:cross_attn|norm_cross)\.image\./.test(name);
  expect(gone).toEqual(Object.keys(full.parameters).filter(isOfImages));
  expect(gone.length).toBeGreaterThan(0);
  expect(Object.keys(blind.parameters).every((name) => name in full.parameters)).toBe(true);
  expect([readsImages(full), readsImages(blind)]).toEqual([true, false]);
});

test('the same seed gives what both have the same bits', () => {
  const [whole, part] = [initialize(full.parameters, 7), initialize(blind.parameters, 7)];
  for (const [name, { data, shape }] of Object.entries(part)) {
    expect(shape).toEqual(whole[name]!.shape);
    expect(data, name).toEqual(whole[name]!.data);
  }
});

test('with one cross-attention for both branches, the findings branch keeps it', () => {
  const shared = { ...sizes.decoder, sharedCross: true };
  const names = Object.keys(createModel({ ...sizes, vision: { kind: 'none' }, decoder: shared }).parameters);
  expect(names.some((name) => name.includes('cross_attn.shared'))).toBe(true);
});

test('its step reads no image, and the losses of images are those that read what images alone give', () => {
  expect(stepFields(plan, full)).toContain('image');
  expect(stepFields(plan, blind)).toEqual(stepFields(plan, full).filter((field) => field !== 'image'));
  expect(Object.keys(stepGraph(blind, plan).data)).not.toContain('image');
  expect(lossesOfImages).toEqual(expect.arrayContaining(['cg', 'cl', 'sg']));
  for (const key of ['sum', 'cap', 'dis']) expect(lossesOfImages).not.toContain(key);
  expect(evaluatedWeights(blind.parameters, false)).toMatchObject({ sum: 1, cap: 2, dis: 1 });
  expect(evaluatedWeights(blind.parameters, false).cg ?? 0).toBe(0);
  expect(() => stepGraph(blind, { ...plan, weights: defaultWeights })).toThrow('the model has no vision encoder (vision "none")');
});

const ids = (rows: readonly (readonly number[])[]) => ({ data: Int32Array.from(rows.flat()), shape: [rows.length, rows[0]!.length] });
const ones = (rows: number, length: number) => ({ data: new Float32Array(rows * length).fill(1), shape: [rows, length] });

test('the image branch writes the same whatever the findings are, and its loss and distillation reach what it shares', async () => {
  const device = plainDevice();
  const state = device.createState(initialize(blind.parameters, 1));
  const program = await device.compile(gradientGraph(blind, plan));
  const run = (findings: readonly (readonly number[])[]) =>
    program.run(
      {
        findings: ids(findings),
        findings_mask: ones(2, 4),
        input: ids([
          [2, 9, 8],
          [2, 7, 6],
        ]),
        target: ids([
          [9, 8, 3],
          [7, 6, 3],
        ]),
        target_mask: ones(2, 3),
        key: { data: Int32Array.of(0, 0), shape: [2] },
      },
      state,
    );
  const [one, other] = [
    await run([
      [2, 5, 6, 3],
      [2, 7, 8, 3],
    ]),
    await run([
      [2, 15, 16, 3],
      [2, 17, 18, 3],
    ]),
  ];
  expect(one.cap!.data[0]).toBe(other.cap!.data[0]);
  expect(one.dis!.data[0]).not.toBe(other.dis!.data[0]);
  expect(one.sum!.data[0]).not.toBe(other.sum!.data[0]);
  const norm = (name: string) => Array.from(one[`grad.${name}`]!.data).reduce((sum, value) => sum + value * value, 0);
  expect(norm('decoder.blocks.0.self_attn.q.weight')).toBeGreaterThan(0);
  await device.close();
});
