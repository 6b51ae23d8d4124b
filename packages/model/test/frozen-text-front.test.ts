// The frozen front of a text encoder and what is behind it are together the model: at every border, in losses and gradients.
import { plainDevice } from '@hybridmed/gpujs';
import type { Model } from '@hybridmed/model';
import { createModel, fineTune } from '@hybridmed/model';
import type { FrozenTextFront, StagePlan, TextName } from '@hybridmed/model/graphs';
import {
  batchSpecs,
  frozenTextFront,
  gradientGraph,
  memoryGraph,
  stepFields,
  teacherGraph,
  teacherParameters,
  teacherPrefix,
  textFeatureField,
  validationGraph,
} from '@hybridmed/model/graphs';
import { lossNames } from '@hybridmed/model/objective';
import { presetModel } from '@hybridmed/model/presets';
import { initialize } from '@hybridmed/nn';
import { addLora, freeze } from '@hybridmed/nn/fine-tuning';
import type { HostArray, HostArrays } from '@hybridmed/tensor';
import { keyData } from '@hybridmed/tensor';
import { describe, expect, test } from 'vitest';

const sizes = presetModel('tiny', 60, { pad: 0, unk: 1, cls: 2, sep: 3 });
const text = { vocabularySize: 60, width: 12, depth: 3, heads: 2, ffn: 16, positions: 16 };
const variants: readonly [string, Model][] = [
  ['the vector at [CLS]', createModel({ ...sizes, text })],
  ['the mean', createModel({ ...sizes, text: { ...text, pooling: 'mean' } })],
  ['a pointer over findings', createModel({ ...sizes, text, decoder: { ...sizes.decoder, pointer: true } })],
];

const [B, L, Y] = [3, 9, 6];
const ids = (length: number, step: number): HostArray => ({
  data: Int32Array.from({ length: B * length }, (_, i) => 4 + ((i * step) % 50)),
  shape: [B, length],
});
const mask = (length: number): HostArray => ({
  data: Float32Array.from({ length: B * length }, (_, i) => (i % length < length - Math.floor(i / length) ? 1 : 0)),
  shape: [B, length],
});
const batch: HostArrays = {
  image: { data: Float32Array.from({ length: B * 32 * 32 }, (_, i) => Math.sin(i * 0.37) * Math.cos(i * 0.011)), shape: [B, 1, 32, 32] },
  findings: ids(L, 7),
  findings_mask: mask(L),
  impression: ids(Y, 11),
  impression_mask: mask(Y),
  input: ids(Y - 1, 13),
  target: ids(Y - 1, 17),
  target_mask: mask(Y - 1),
  groups: { data: Int32Array.from([0, 1, 0]), shape: [B] },
};

const weights = Object.fromEntries(lossNames.filter((name) => name !== 'lab' && name !== 'sg').map((name, i) => [name, 1 + i / 4]));
const plans: readonly StagePlan[] = [
  { stage: 1 },
  { stage: 2, teacher: 'live', weights, temperature: 2, tau: 0.1, duplicates: 'positives' },
  { stage: 2, teacher: 'snapshot', weights, temperature: 1, tau: 0.1, duplicates: 'unique' },
];

const withTeacher = (model: Model, parameters: HostArrays): HostArrays => ({
  ...parameters,
  ...Object.fromEntries(teacherParameters(model, 'snapshot').map((name) => [teacherPrefix + name, parameters[name]!])),
});

/** The features of a batch's texts, 0 behind their tokens. */
async function withFeatures(front: FrozenTextFront, parameters: HostArrays): Promise<HostArrays> {
  const device = plainDevice();
  const state = device.createState(parameters);
  const all: Record<string, HostArray> = { ...batch };
  for (const name of ['findings', 'impression'] as const satisfies readonly TextName[]) {
    const [own, shown] = [batch[name]!, batch[`${name}_mask`]!];
    const { features } = await (await device.compile(front.graphs[name])).run({ ids: own, mask: shown }, state);
    const { perToken, columns } = front.rest.textFront.shapes[name];
    expect(features!.shape).toEqual([B, ...(perToken ? [own.shape[1]] : []), columns]);
    const data = perToken ? features!.data.map((value, i) => (shown.data[Math.floor(i / columns)] === 1 ? value : 0)) : features!.data;
    all[textFeatureField(name)] = { data: data as Float32Array, shape: features!.shape };
  }
  return all;
}

/** Losses and gradients of a model under a plan, as plain numbers. */
async function gradients(model: Model, plan: StagePlan, data: HostArrays, parameters: HostArrays): Promise<HostArrays> {
  const device = plainDevice();
  const program = await device.compile(gradientGraph(model, plan));
  const fields = Object.fromEntries(stepFields(plan, model).map((field) => [field, data[field]!]));
  return program.run({ ...fields, key: keyData(0, 0) }, device.createState(withTeacher(model, parameters)));
}

/** Layers of the encoder's chain, from the beginning on. */
const firstLayers = ({ text: own }: Model, count: number): string[] =>
  own.chain!.layers.slice(0, count).flatMap(({ parameters }) => Object.keys(parameters).map((name) => `text.${name}`));

describe.each(variants)('%s', (_, whole) => {
  const parameters = initialize(whole.parameters, 3);
  const fronts: readonly (readonly [string, readonly string[]])[] = [
    ...[1, 2, 3].map((count) => [`text up to ${whole.text.chain!.layers[count - 1]!.name}`, firstLayers(whole, count)] as const),
    ['all of text', ['text.*']],
  ];

  test.each(fronts)('%s', async (extent, frozen) => {
    const model = fineTune(whole, { freeze: frozen });
    const front = frozenTextFront(model)!;
    expect(front.extent).toBe(extent);
    const data = await withFeatures(front, parameters);
    for (const plan of plans) expect(await gradients(front.rest, plan, data, parameters)).toEqual(await gradients(model, plan, batch, parameters));
  });

  test('validation, the teacher and the memory of writing read the features too', async () => {
    const model = fineTune(whole, { freeze: ['text.*'] });
    const front = frozenTextFront(model)!;
    const data = await withFeatures(front, parameters);
    const device = plainDevice();
    const run = async (own: Model, given: HostArrays) => {
      const state = device.createState(withTeacher(own, parameters));
      const memory = device.createState(parameters);
      const results = [validationGraph(own, plans[1]!), teacherGraph(own)].map(async (graph) => {
        const fields = Object.fromEntries(Object.keys(graph.data).map((name) => [name, given[name]!]));
        return (await device.compile(graph)).run(fields, state);
      });
      await (await device.compile(memoryGraph(own, 'findings'))).run(given, memory);
      return [...(await Promise.all(results)), await memory.read(['memory.findings', 'memory.findings.mask'])];
    };
    const [behind, alone] = [await run(front.rest, data), await run(model, batch)];
    expect(behind.slice(0, 2)).toEqual(alone.slice(0, 2));
    // Behind a text's tokens there is nothing to read.
    const shown = (array: HostArray) => array.data.filter((__, i) => batch.findings_mask!.data[Math.floor(i / 12)] === 1);
    expect(shown(behind[2]!['memory.findings']!)).toEqual(shown(alone[2]!['memory.findings']!));
    expect(Object.keys(front.graphs.findings.state).every((name) => name.startsWith('text.'))).toBe(true);
  });
});

test('has no front where its first layer is trained or adapted, and ends before an adapter', () => {
  const model = variants[0]![1];
  expect(frozenTextFront(model)).toBeUndefined();
  expect(frozenTextFront(fineTune(model, { freeze: firstLayers(model, 2).filter((name) => !name.includes('embeddings')) }))).toBeUndefined();
  const layer = 'text.encoder.layer.1.attention.self.query';
  const adapted = { ...model, parameters: addLora(freeze(model.parameters, ['text.*']), { layers: [layer], rank: 1 }) };
  expect(frozenTextFront(adapted)!.extent).toBe('text up to encoder.layer.0');
});

test('without a front a batch has no features of texts, and a teacher whose states are kept reads no findings', () => {
  const model = variants[0]![1];
  const { rest } = frozenTextFront(fineTune(model, { freeze: ['text.*'] }))!;
  expect(Object.keys(batchSpecs(model))).not.toContain('findings_features');
  expect(batchSpecs(rest)).toMatchObject({ findings_features: { shape: ['B', 'L', 13] }, impression_features: { shape: ['B', 12] } });
  const plan: StagePlan = { stage: 2, teacher: 'cached', weights: { cap: 1, dis: 1, cg: 1 }, temperature: 1, tau: 0.1, duplicates: 'unique' };
  expect(stepFields(plan, rest)).toEqual(['image', 'impression', 'impression_mask', 'input', 'target', 'target_mask', 'groups', 'impression_features']);
  expect(stepFields({ ...plan, teacher: 'live' }, rest)).toContain('findings_features');
});
