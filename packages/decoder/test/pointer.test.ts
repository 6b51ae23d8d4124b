// Copying: the mixed distribution by hand, gradients by finite differences, and the same logits with a cache, a past and at once.
import { createStepper, decodeGraph, dualBranchDecoder, headLogits, prefillGraph, tokenNats } from '@hybridmed/decoder';
import type { Decoder } from '@hybridmed/decoder';
import { plainDevice } from '@hybridmed/gpujs';
import { initialize, parameterSpecs, rootScope } from '@hybridmed/nn';
import type { HostArray, HostArrays, Tensors } from '@hybridmed/tensor';
import { array, compile, ops, trace, valueAndGrad } from '@hybridmed/tensor';
import { describe, expect, test } from 'vitest';
import { floats } from '../../tensor/test/support/numbers.ts';

const device = plainDevice({ precision: 'f64' });
const config = { vocabularySize: 13, width: 8, depth: 1, heads: 2, positions: 9, pointer: true };
const decoder = dualBranchDecoder(config, { image: 6, findings: 10 });
// Values that are no start values: gates and attentions that differ.
const parameters: Record<string, HostArray> = Object.fromEntries(
  Object.entries(initialize(decoder.parameters, 4)).map(([name, value]) => [name, name.startsWith('pointer.') ? floats([...value.shape], name.length) : value]),
);
const ints = (values: number[], shape: number[]) => ({ data: Int32Array.from(values), shape });
const inputs: Record<string, HostArray> = {
  tokens: ints([1, 4, 9, 1, 7, 7], [2, 3]),
  memory: floats([2, 4, 10]),
  ids: ints([1, 4, 4, 2, 1, 7, 2, 0], [2, 4]),
  mask: array([1, 1, 1, 1, 1, 1, 1, 0], [2, 4]),
  target: ints([4, 9, 2, 7, 5, 0], [2, 3]),
};

/** What the findings branch makes of some inputs, and what of the memory it copies. */
const headOf = (own: Decoder, { tokens, memory, ids, mask, ...state }: Tensors) => {
  const scope = rootScope(state);
  const source = { keys: own.projectPointer(scope, memory!), ids: ids!, mask };
  return own.head(scope, own.hidden(scope, 'findings', tokens!, memory!, mask), source);
};

describe('the mixed distribution', () => {
  const all = { ...inputs, ...parameters };
  const parts = compile(device, (given) => headLogits(headOf(decoder, given)));

  test('is one, and p(write) of the vocabulary with p(copy) of the attention on equal tokens', async () => {
    const { value } = await parts(all);
    const data = Object.fromEntries(
      Object.entries(all).map(([name, own]) => [name, { shape: own.shape, dtype: own.data instanceof Int32Array ? ('i32' as const) : ('f32' as const) }]),
    );
    const graph = trace({ data }, (given) => {
      const { copying, ...plain } = headOf(decoder, given);
      return { results: { attention: copying!.attention, gate: copying!.gate, written: ops.softmax(headLogits(plain)) } };
    });
    const { attention, gate, written } = await (await device.compile(graph)).run(all, device.createState({}));
    const [T, S, V] = [3, 4, 13];
    for (let row = 0; row < 2; row++)
      for (let t = 0; t < T; t++) {
        const copy = 1 / (1 + Math.exp(-gate!.data[row * T + t]!));
        const expected = Array.from({ length: V }, (_, word) => (1 - copy) * written!.data[(row * T + t) * V + word]!);
        for (let s = 0; s < S; s++) expected[inputs.ids!.data[row * S + s]!]! += copy * attention!.data[(row * T + t) * S + s]!;
        expected.forEach((probability, word) => expect(Math.exp(value!.data[(row * T + t) * V + word]!)).toBeCloseTo(probability, 12));
        expect(expected.reduce((sum, each) => sum + each, 0)).toBeCloseTo(1, 12);
      }
    // What is masked is not copied.
    expect([0, 1, 2].map((t) => attention!.data[(T + t) * S + 3])).toEqual([0, 0, 0]);
  });

  test("the loss of a target is that of the mixture's logits; a target that is neither likely nor there is finite", async () => {
    const losses = compile(device, ({ target, ...given }) => tokenNats(headOf(decoder, given), target!));
    const ofLogits = compile(device, ({ target, ...given }) => ops.crossEntropy(headLogits(headOf(decoder, given)), target!));
    const [nats, expected] = [(await losses(all)).value!, (await ofLogits(all)).value!];
    nats.data.forEach((value, i) => expect(value).toBeCloseTo(expected.data[i]!, 10));
    const extreme = { ...all, 'pointer.gate.bias': array([200], [1]), target: ints([11, 11, 11, 11, 11, 11], [2, 3]) };
    for (const value of (await losses(extreme)).value!.data) expect(value).toSatisfy((nat: number) => Number.isFinite(nat) && nat > 60);
  });
});

/** Gradients of the mean loss with regard to everything that the pointer reads. */
const wrt = [
  'memory',
  'pointer.query.weight',
  'pointer.key.weight',
  'pointer.key.bias',
  'pointer.gate.weight',
  'pointer.gate.bias',
  'embed.weight',
  'head.bias',
];
const lossAndGradients = valueAndGrad(({ target, ...given }: Tensors) => ops.mean(tokenNats(headOf(decoder, given), target!)), wrt);

test('gradients are those of finite differences', async () => {
  const run = compile(device, lossAndGradients);
  const all: HostArrays = { ...inputs, ...parameters };
  const result = await run(all);
  const [step, lossOf] = [1e-5, async (values: HostArrays) => (await run(values)).value!.data[0]!];
  for (const name of wrt) {
    const { data, shape } = all[name]!;
    for (const at of [0, Math.floor(data.length / 2), data.length - 1]) {
      const moved = (by: number) =>
        ({ ...all, [name]: { data: Float64Array.from(data, (value, i) => (i === at ? value + by : value)), shape } }) as unknown as HostArrays;
      const slope = ((await lossOf(moved(step))) - (await lossOf(moved(-step)))) / (2 * step);
      expect(result[`grad.${name}`]!.data[at], `${name}[${at}]`).toBeCloseTo(slope, 6);
    }
  }
});

describe('decoding with a cache', () => {
  const named = Object.fromEntries(Object.entries(parameters).map(([name, value]) => [`decoder.${name}`, value]));
  const whole = compile(device, ({ target: _target, ...given }) => headLogits(headOf(decoder, given)));

  test('of fixed capacity gives the logits of the whole text, rows changing places as beams do', async () => {
    const { value } = await whole({ ...inputs, ...parameters });
    const state = device.createState({
      ...named,
      'memory.findings': inputs.memory!,
      'memory.findings.mask': inputs.mask!,
      'memory.findings.ids': inputs.ids!,
    });
    const stepper = await createStepper(device, state, { decoder, branch: 'findings', maxTokens: 3, masked: true, copies: true });
    // Two rows of each study, in which the second study's change places.
    await stepper.start(2, 2);
    const studies = [0, 0, 1, 1];
    for (let position = 0; position < 3; position++) {
      const ids = Int32Array.from(studies, (study) => inputs.tokens!.data[study * 3 + position]!);
      const logits = await stepper.step(ids, Int32Array.of(0, 1, 3, 2), position);
      studies.forEach((study, row) => {
        for (let word = 0; word < 13; word++) expect(logits[row * 13 + word]).toBeCloseTo(value!.data[(study * 3 + position) * 13 + word]!, 9);
      });
    }
  });

  test('of a past that grows, too, as exported graphs decode', async () => {
    const { value } = await whole({ ...inputs, ...parameters });
    const options = { decoder, branch: 'findings', masked: true };
    const state = device.createState(named);
    const [prefill, decode] = [await device.compile(prefillGraph(options)), await device.compile(decodeGraph(options))];
    const column = (at: number) => ints([inputs.tokens!.data[at]!, inputs.tokens!.data[3 + at]!], [2, 1]);
    const about = { memory_mask: inputs.mask!, memory_ids: inputs.ids! };
    const { logits, ...first } = await prefill.run({ ids: column(0), memory: inputs.memory!, ...about }, state);
    const past = Object.fromEntries(Object.entries(first).map(([name, own]) => [name.replace('present.', 'past.'), own]));
    const { logits: second } = await decode.run({ ids: column(1), ...past, ...about }, state);
    for (const [position, own] of [logits!, second!].entries())
      for (const row of [0, 1])
        for (let word = 0; word < 13; word++) expect(own.data[row * 13 + word]).toBeCloseTo(value!.data[(row * 3 + position) * 13 + word]!, 9);
  });

  test('the image branch copies nothing, and its graphs take no tokens', () => {
    expect(decoder.copies('image')).toBe(false);
    expect(Object.keys(prefillGraph({ decoder, branch: 'image' }).data)).toEqual(['ids', 'memory']);
    expect(
      Object.keys(parameterSpecs(dualBranchDecoder({ ...config, pointer: false }, { image: 6, findings: 10 }).parameters)).some((name) =>
        name.includes('pointer'),
      ),
    ).toBe(false);
  });
});
