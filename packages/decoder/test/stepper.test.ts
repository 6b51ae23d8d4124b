import type { Stepper } from '@hybridmed/decoder';
import { beamSearch, createStepper, dualBranchDecoder, greedySearch, nucleusSearch } from '@hybridmed/decoder';
import { plainDevice } from '@hybridmed/gpujs';
import { initialize } from '@hybridmed/nn';
import { cpuDevice } from '@hybridmed/onnx';
import type { Device, HostArrays } from '@hybridmed/tensor';
import { describe, expect, test } from 'vitest';
import { floats } from '../../tensor/test/support/numbers.ts';
import { descending, topIndices } from '../src/token-scores.ts';

const special = { cls: 0, sep: 1 };
const maxTokens = 40;
const decoder = dualBranchDecoder({ vocabularySize: 11, width: 8, depth: 2, heads: 2, positions: maxTokens }, { findings: 6 });
const parameters = Object.fromEntries(Object.entries(initialize(decoder.parameters, 8)).map(([name, value]) => [`decoder.${name}`, value]));
// Large weights, so that texts differ by what they read.
for (const [name, value] of Object.entries(parameters))
  if (/cross_attn.*weight|pos.weight/.test(name)) parameters[name] = { ...value, data: value.data.map((number) => number * 30) };

const memory = floats([5, 4, 6], 3);
const mask = [1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 0, 0, 1, 0, 0, 0, 1, 1, 1, 1];

/** The memory of some of the five studies. */
const memoryOf = (studies: readonly number[]): HostArrays => ({
  'memory.findings': {
    data: Float32Array.from(studies.flatMap((study) => [...memory.data.subarray(study * 24, (study + 1) * 24)])),
    shape: [studies.length, 4, 6],
  },
  'memory.findings.mask': { data: Float32Array.from(studies.flatMap((study) => mask.slice(study * 4, study * 4 + 4))), shape: [studies.length, 4] },
});

const stepperOf = (device: Device, studies: readonly number[]): Promise<Stepper> =>
  createStepper(device, device.createState({ ...parameters, ...memoryOf(studies) }), { decoder, branch: 'findings', maxTokens, masked: true });

const lengths = [3, 20, 7, 40, 12];

/** The same steps, with the number of rows of each noted; at each study's length [SEP] is by far the likeliest token, before it by far the least. */
function ending(stepper: Stepper, studies: readonly number[], rows: number[] = []): Stepper {
  let studyOf: number[] = [];
  return {
    ...stepper,
    start(count, texts) {
      studyOf = studies.flatMap((study) => Array.from({ length: texts }, () => study));
      return stepper.start(count, texts);
    },
    async step(ids, parents, position) {
      rows.push(ids.length);
      studyOf = Array.from(parents, (parent) => studyOf[parent]!);
      const logits = await stepper.step(ids, parents, position);
      studyOf.forEach((study, row) => (logits[row * stepper.vocabulary + special.sep] = position < lengths[study]! ? -1000 : 1000));
      return logits;
    },
  };
}

const all = [0, 1, 2, 3, 4];

describe.each([
  ['plain', () => plainDevice({ precision: 'f64' })],
  ['cpu', () => cpuDevice()],
] as const)('on %s', (_, open) => {
  const device = open();

  test('texts that end leave the batch, and each study gets what it gets alone, past the first room of the cache', async () => {
    const rows: number[] = [];
    const together = await greedySearch(ending(await stepperOf(device, all), all, rows), { studies: 5, special });
    expect(together.map((ids) => ids.length)).toEqual(lengths);
    expect(new Set(together.map((ids) => ids.slice(0, 3).join())).size).toBeGreaterThan(1);
    // Five until two have ended (after 8 steps), three until three have (13), two until four have (21), then one.
    expect(rows).toEqual([...Array(8).fill(5), ...Array(5).fill(3), ...Array(8).fill(2), ...Array(19).fill(1)]);
    for (const study of all)
      expect(together[study]).toEqual((await greedySearch(ending(await stepperOf(device, [study]), [study]), { studies: 1, special }))[0]);
  });

  test('beams of a study share its memory, and find what they find alone', async () => {
    const rows: number[] = [];
    const together = await beamSearch(ending(await stepperOf(device, all), all, rows), { studies: 5, special, width: 3 });
    expect(rows[0]).toBe(15);
    expect(rows.at(-1)).toBe(3);
    for (const study of all) {
      const [alone] = await beamSearch(ending(await stepperOf(device, [study]), [study]), { studies: 1, special, width: 3 });
      expect(together[study]!.ids).toEqual(alone!.ids);
      expect(together[study]!.score).toBeCloseTo(alone!.score, 4);
    }
  });

  test('what is drawn of the nucleus of one token is what greedy search takes', async () => {
    const stepper = await stepperOf(device, all);
    expect(await nucleusSearch(stepper, { studies: 5, special, p: 1e-9, seed: 1 })).toEqual(await greedySearch(stepper, { studies: 5, special }));
  });
});

test('tokens are ordered as a stable sort orders them, zeros of both signs as equals', () => {
  const values = Float32Array.from([...floats([500], 4).data.map((value) => Math.round(value * 20) / 7), 0, -0, Infinity, -Infinity, 1e-40, -1e-40]);
  const expected = [...values.keys()].toSorted((a, b) => values[b]! - values[a]! || a - b);
  expect([...descending(values)]).toEqual(expected);
  expect([...descending(Float64Array.from(values))]).toEqual(expected);
  expect(topIndices(values, 9)).toEqual(expected.slice(0, 9));
  expect(topIndices(values.subarray(0, 3), 9)).toHaveLength(3);
});
