// Copying on every device: loss, gradients and mixed probabilities are those of the float64 reference, with and without a teacher that copies.
import { plainDevice } from '@hybridmed/gpujs';
import { createModel } from '@hybridmed/model';
import type { StagePlan } from '@hybridmed/model/graphs';
import { gradientGraph, memoryGraph, teacherPrefix } from '@hybridmed/model/graphs';
import { initialize } from '@hybridmed/nn';
import { openDevice } from '@hybridmed/runtime/device';
import type { Device, HostArray, HostArrays } from '@hybridmed/tensor';
import { keyData, uniformAt } from '@hybridmed/tensor';
import { describe, expect, test } from 'vitest';

const model = createModel({
  vision: { kind: 'vit', imageSize: 16, patch: 8, channels: 1, width: 12, depth: 1, heads: 2 },
  text: { vocabularySize: 31, width: 12, depth: 1, heads: 2, ffn: 24, positions: 24 },
  align: 8,
  decoder: { vocabularySize: 31, width: 16, depth: 1, heads: 2, positions: 24, pointer: true },
  special: { pad: 0, unk: 1, cls: 2, sep: 3 },
});
const [B, L, T] = [3, 9, 5];
const ids = (length: number, stream: number): HostArray => ({
  data: Int32Array.from({ length: B * length }, (_, i) => 2 + Math.floor(uniformAt([7, 1], stream, i) * 20)),
  shape: [B, length],
});
const mask = (length: number): HostArray => ({
  data: Float32Array.from({ length: B * length }, (_, i) => (i % length < length - Math.floor(i / length) ? 1 : 0)),
  shape: [B, length],
});
const batch: Record<string, HostArray> = {
  image: { data: Float32Array.from({ length: B * 256 }, (_, i) => uniformAt([9, 9], 0, i) - 0.5), shape: [B, 1, 16, 16] },
  findings: ids(L, 1),
  findings_mask: mask(L),
  input: ids(T, 2),
  target: ids(T, 3),
  target_mask: mask(T),
  key: keyData(3),
};
const start = initialize(model.parameters, 5);
const parameters: Record<string, HostArray> = Object.fromEntries(
  Object.entries(start).map(([name, value], stream) => [
    name,
    name.includes('pointer') ? { ...value, data: Float32Array.from(value.data, (_, i) => uniformAt([4, 4], stream, i) - 0.5) } : value,
  ]),
);
const teacher = Object.fromEntries(
  Object.entries(parameters).map(([name, { data, shape }]) => [teacherPrefix + name, { data: data.map((x) => x * 1.5), shape }]),
);

const stage2 = (kind: 'snapshot' | 'live'): StagePlan => ({
  stage: 2,
  teacher: kind,
  weights: { sum: 1, cap: 2, dis: 1 },
  temperature: 2,
  tau: 0.1,
  duplicates: 'negatives',
});
const plans: Readonly<Record<string, StagePlan>> = { 'stage 1': { stage: 1 }, 'stage 2, snapshot': stage2('snapshot'), 'stage 2, live': stage2('live') };

async function run(device: Device, plan: StagePlan): Promise<HostArrays> {
  const graph = gradientGraph(model, plan);
  const all: HostArrays = { ...parameters, ...teacher };
  const state = device.createState(Object.fromEntries(Object.keys(graph.state).map((name) => [name, all[name]!])));
  const data = Object.fromEntries(Object.keys(graph.data).map((name) => [name, batch[name]!]));
  return (await device.compile(graph)).run(data, state);
}

const reference = plainDevice({ precision: 'f64' });

describe.each(['cpu', 'webgpu', 'gpujs'] as const)('%s', async (kind) => {
  const opened = await openDevice(kind, { threads: 1 }).catch(() => undefined);

  test.skipIf(!opened).each(Object.keys(plans))('%s', async (name) => {
    const [own, expected] = [await run(opened!.device, plans[name]!), await run(reference, plans[name]!)];
    expect(Object.keys(own).toSorted()).toEqual(Object.keys(expected).toSorted());
    for (const [result, { data }] of Object.entries(expected)) {
      const scale = Math.max(...data.map(Math.abs), 1e-3);
      data.forEach((value, i) => expect(Math.abs(own[result]!.data[i]! - value) / scale, `${result}[${i}]`).toBeLessThan(2e-4));
    }
    expect(Math.max(...expected['grad.decoder.pointer.gate.weight']!.data.map(Math.abs))).toBeGreaterThan(1e-6);
  });

  test.skipIf(!opened)('the tokens of a memory are kept as they are', async () => {
    const { device } = opened!;
    const graph = memoryGraph(model, 'findings');
    const state = device.createState(Object.fromEntries(Object.keys(graph.state).map((name) => [name, parameters[name]!])));
    await (await device.compile(graph)).run({ findings: batch.findings!, findings_mask: batch.findings_mask! }, state);
    expect([...(await state.read(['memory.findings.ids']))['memory.findings.ids']!.data]).toEqual([...batch.findings!.data]);
  });
});

/** The reference itself, by finite differences through the whole model. A live teacher would move with its student. */
test.each(['stage 1', 'stage 2, snapshot'])('%s: gradients are those of finite differences', async (name) => {
  const graph = gradientGraph(model, plans[name]!);
  const program = await reference.compile(graph);
  const data = Object.fromEntries(Object.keys(graph.data).map((field) => [field, batch[field]!]));
  const at = async (values: HostArrays) =>
    program.run(data, reference.createState(Object.fromEntries(Object.keys(graph.state).map((entry) => [entry, { ...teacher, ...values }[entry]!]))));
  const results = await at(parameters);
  for (const entry of [
    'decoder.pointer.query.weight',
    'decoder.pointer.key.weight',
    'decoder.pointer.gate.bias',
    'decoder.embed.weight',
    'text.embed.token.weight',
  ].filter((one) => parameters[one])) {
    const { data: values, shape } = parameters[entry]!;
    for (const place of [0, Math.floor(values.length / 2) + 1].filter((one) => one < values.length)) {
      const moved = async (by: number) => {
        const next = { data: Float64Array.from(values, (value, i) => value + (i === place ? by : 0)), shape } as unknown as HostArray;
        return (await at({ ...parameters, [entry]: next })).total!.data[0]!;
      };
      const slope = ((await moved(1e-4)) - (await moved(-1e-4))) / 2e-4;
      expect(results[`grad.${entry}`]!.data[place], `${entry}[${place}]`).toBeCloseTo(slope, 5);
    }
  }
});
