// The adapter before the image memory: its value, its gradients, and that every way of decoding reads the memory through it.
import { createStepper, decodeGraph, dualBranchDecoder, prefillGraph } from '@hybridmed/decoder';
import { plainDevice } from '@hybridmed/gpujs';
import { initialize, parameterSpecs, rootScope } from '@hybridmed/nn';
import type { HostArray, HostArrays } from '@hybridmed/tensor';
import { grad, ops, trace } from '@hybridmed/tensor';
import { expect, test } from 'vitest';
import { floats } from '../../tensor/test/support/numbers.ts';
import { memoryAdapter } from '../src/memory-adapter.ts';

const device = plainDevice({ precision: 'f64' });
const sizes = { memory: 3, width: 2, tokens: 5 };

const norm = (row: readonly number[]): number[] => {
  const mean = row.reduce((a, b) => a + b, 0) / row.length;
  const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / row.length;
  return row.map((value) => (value - mean) / Math.sqrt(variance + 1e-5));
};

test('is layer norm, linear, positions, layer norm; its gradients are those of finite differences', async () => {
  const adapter = memoryAdapter(sizes);
  const names = Object.keys(adapter.parameters);
  expect(names).toEqual(['norm_in.weight', 'norm_in.bias', 'proj.weight', 'proj.bias', 'pos.weight', 'norm_out.weight', 'norm_out.bias']);
  const graph = trace({ data: { m: { shape: [2, 4, 3], dtype: 'f32' } }, state: parameterSpecs(adapter.parameters) }, ({ m }, state) => {
    const y = adapter.call(rootScope(state, { training: true }), m!);
    const loss = ops.sum(ops.mul(ops.mul(y, y), ops.add(y, m!.shape.length)));
    const gradients = grad(
      loss,
      names.map((name) => state[name]!),
    );
    return { results: { y, loss, ...Object.fromEntries(names.map((name, i) => [name, gradients[i]!])) } };
  });
  const program = await device.compile(graph);
  const start: HostArrays = Object.fromEntries(Object.entries(adapter.parameters).map(([name, { shape }], i) => [name, floats(shape, i + 1)]));
  const m = floats([2, 4, 3], 9);
  const at = (values: HostArrays) => program.run({ m }, device.createState(values));
  const results = await at(start);
  const of = (name: string, i: number) => start[name]!.data[i]!;
  const row = norm([...m.data.subarray(3 * 5, 3 * 6)]).map((value, i) => value * of('norm_in.weight', i) + of('norm_in.bias', i));
  const projected = [0, 1].map((o) => row.reduce((sum, value, i) => sum + value * of('proj.weight', 3 * o + i), of('proj.bias', o)) + of('pos.weight', 2 + o));
  const expected = norm(projected).map((value, o) => value * of('norm_out.weight', o) + of('norm_out.bias', o));
  expect([...results.y!.data.subarray(2 * 5, 2 * 6)]).toEqual(expected.map((value) => expect.closeTo(value, 9)));
  for (const name of names)
    for (const i of start[name]!.data.keys()) {
      const loss = async (by: number) => {
        const data = Float64Array.from(start[name]!.data);
        data[i]! += by;
        return (await at({ ...start, [name]: { ...start[name]!, data } })).loss!.data[0]!;
      };
      const slope = ((await loss(1e-6)) - (await loss(-1e-6))) / 2e-6;
      expect(Math.abs(results[name]!.data[i]! - slope), `${name}[${i}]`).toBeLessThan(1e-5 * Math.max(1, Math.abs(slope)));
    }
});

const config = { vocabularySize: 13, width: 8, depth: 2, heads: 2, positions: 9 };
const decoder = dualBranchDecoder({ ...config, imageAdapter: true }, { image: 6, findings: 10 }, { image: 5 });

test('a decoder has it for images alone, reads them at its own width, and is as before without it', () => {
  const plain = dualBranchDecoder(config, { image: 6, findings: 10 });
  const added = Object.keys(decoder.parameters).filter((name) => !(name in plain.parameters));
  expect(added.every((name) => name.startsWith('adapter.image.'))).toBe(true);
  expect(added.length).toBe(7);
  expect(decoder.parameters['adapter.image.pos.weight']).toMatchObject({ shape: [5, 8], decay: false });
  expect(decoder.parameters['blocks.0.cross_attn.image.k.weight']!.shape).toEqual([8, 8]);
  expect(plain.parameters['blocks.0.cross_attn.image.k.weight']!.shape).toEqual([8, 6]);
  expect(Object.keys(dualBranchDecoder({ ...config, imageAdapter: true }, { image: null, findings: 10 }).parameters).join()).not.toContain('adapter');
  // Brought to one width, memories can share a cross-attention.
  expect(() => dualBranchDecoder({ ...config, imageAdapter: true, sharedCross: true }, { image: 6, findings: 8 }, { image: 5 })).not.toThrow();
});

test('the whole text at once, a growing past and a cache of fixed capacity read the memory through it', async () => {
  const start = Object.fromEntries(Object.entries(initialize(decoder.parameters, 4)).map(([name, value]) => [`decoder.${name}`, value]));
  const memory = floats([1, 4, 6]);
  const ids = Int32Array.of(1, 4, 9, 2);
  const column = (from: number, to: number): HostArray => ({ data: ids.slice(from, to), shape: [1, to - from] });
  const logitsWith = async (state: HostArrays): Promise<HostArray> =>
    (await (await device.compile(prefillGraph({ decoder, branch: 'image' }))).run({ ids: column(0, 4), memory }, device.createState(state))).logits!;
  const whole = await logitsWith(start);
  expect((await logitsWith({ ...start, 'decoder.adapter.image.pos.weight': floats([5, 8], 3) })).data).not.toEqual(whole.data);
  const state = device.createState({ ...start, 'memory.image': memory });
  const [prefill, decode] = [await device.compile(prefillGraph({ decoder, branch: 'image' })), await device.compile(decodeGraph({ decoder, branch: 'image' }))];
  const { logits: _, ...kept } = await prefill.run({ ids: column(0, 3), memory }, state);
  const past = Object.fromEntries(Object.entries(kept).map(([name, value]) => [name.replace('present', 'past'), value]));
  const last = [...whole.data.subarray(3 * 13)].map((value) => expect.closeTo(value, 9) as number);
  expect([...(await decode.run({ ids: column(3, 4), ...past }, state)).logits!.data]).toEqual(last);
  const stepper = await createStepper(device, state, { decoder, branch: 'image', maxTokens: 4 });
  await stepper.start(1, 1);
  let stepped: ArrayLike<number> = [];
  for (let position = 0; position < 4; position++) stepped = await stepper.step(Int32Array.of(ids[position]!), Int32Array.of(0), position);
  expect([...(stepped as Float64Array)]).toEqual(last);
});
