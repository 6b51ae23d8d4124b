import { alignment, globalContrast, localContrast } from '@hybridmed/align';
import { plainDevice } from '@hybridmed/gpujs';
import { initialize, rootScope } from '@hybridmed/nn';
import type { HostArrays, Tensor, Tensors } from '@hybridmed/tensor';
import { array, compile, ops, valueAndGrad } from '@hybridmed/tensor';
import { describe, expect, test } from 'vitest';
import { hasGoldens, hasSecondGoldens, readGolden, relativeError } from '../../nn/test/support/goldens.ts';
import { floats, ids, mask } from '../../tensor/test/support/numbers.ts';

const device = plainDevice({ precision: 'f64' });
const scalarOf = async (fn: (inputs: Tensors) => Tensor, inputs: HostArrays) => (await compile(device, fn)(inputs)).value!.data[0]!;

const globalWith =
  (unique: boolean) =>
  ({ image, text, scale, groups }: Tensors) =>
    globalContrast({ image: image!, text: text!, logScale: scale!, ...(groups ? { groups } : {}), unique });
const [global, distinct] = [globalWith(false), globalWith(true)];
const localAt =
  (temperature: number) =>
  ({ patches, words, seen, importance }: Tensors) =>
    ops.mean(localContrast({ patches: patches!, words: words!, wordMask: seen!, temperature, ...(importance ? { importance } : {}) }));
const local = localAt(0.1);

describe('L_CG', () => {
  test('hand-worked: two orthogonal pairs at scale 1', async () => {
    const value = await scalarOf(global, { image: array([2, 0, 0, 3], [2, 2]), text: array([1, 0, 0, 5], [2, 2]), scale: array([0], []) });
    expect(value).toBeCloseTo(Math.log(1 + Math.exp(-1)), 9);
  });

  test('equal impressions share the target: groups of one change nothing, one group for all rewards agreement with all', async () => {
    const inputs = { image: floats([3, 4]), text: floats([3, 4], 2), scale: array([1], []) };
    const alone = await scalarOf(global, inputs);
    expect(await scalarOf(global, { ...inputs, groups: { data: Int32Array.of(5, 1, 2), shape: [3] } })).toBeCloseTo(alone, 12);
    const same = {
      image: array([1, 0, 1, 0], [2, 2]),
      text: array([1, 0, 1, 0], [2, 2]),
      scale: array([3], []),
      groups: { data: Int32Array.of(4, 4), shape: [2] },
    };
    expect(await scalarOf(global, same)).toBeCloseTo(Math.log(2), 9);
  });

  test('distinct impressions as the gallery: a repeated one counts once, by its first study', async () => {
    const groups = { data: Int32Array.of(4, 9, 4), shape: [3] };
    const inputs = { image: floats([3, 4]), text: floats([3, 4], 2), scale: array([1], []), groups };
    const value = await scalarOf(distinct, inputs);
    const other = Float32Array.from(inputs.text.data);
    other.fill(7, 8);
    expect(await scalarOf(distinct, { ...inputs, text: { data: other, shape: [3, 4] } })).toBe(value);
    // By hand: images 0 and 2 of text 0, image 1 of text 1.
    const row = ({ data }: { data: ArrayLike<number> }, i: number) => Array.from(data).slice(4 * i, 4 * i + 4);
    const unit = (v: number[]) => v.map((x) => x / Math.hypot(...v));
    const logit = (i: number, k: number) => Math.E * unit(row(inputs.image, i)).reduce((sum, x, at) => sum + x * unit(row(inputs.text, k))[at]!, 0);
    const logSoftmax = (all: number[], at: number) => all[at]! - Math.log(all.reduce((sum, x) => sum + Math.exp(x), 0));
    const texts = [0, 1].map((k) => [0, 1, 2].map((i) => logit(i, k)));
    const ofImages = [0, 1, 0].map((k, i) => -logSoftmax([logit(i, 0), logit(i, 1)], k));
    const ofTexts = [-(logSoftmax(texts[0]!, 0) + logSoftmax(texts[0]!, 2)) / 2, -logSoftmax(texts[1]!, 1)];
    const mean = (values: number[]) => values.reduce((a, b) => a + b) / values.length;
    expect(value).toBeCloseTo((mean(ofImages) + mean(ofTexts)) / 2, 9);
    const alone = { ...inputs, groups: { data: Int32Array.of(5, 1, 2), shape: [3] } };
    expect(await scalarOf(distinct, alone)).toBeCloseTo(await scalarOf(global, { ...inputs, groups: alone.groups }), 12);
  });
});

describe('L_CL', () => {
  const inputs = { patches: floats([2, 4, 6]), words: floats([2, 5, 6], 2), seen: array([1, 1, 1, 0, 0, 1, 1, 1, 1, 1], [2, 5]) };

  test('padding of words changes nothing, a study without words gives 0', async () => {
    const whole = await compile(device, ({ patches, words, seen }) => localContrast({ patches: patches!, words: words!, wordMask: seen! }))(inputs);
    const cut = await compile(device, ({ patches, words, seen }) => localContrast({ patches: patches!, words: words!, wordMask: seen! }))({
      patches: { data: inputs.patches.data.slice(0, 24), shape: [1, 4, 6] },
      words: { data: inputs.words.data.slice(0, 18), shape: [1, 3, 6] },
      seen: array([1, 1, 1], [1, 3]),
    });
    expect(whole.value!.data[0]).toBeCloseTo(cut.value!.data[0]!, 6);
    expect(await scalarOf(local, { ...inputs, seen: array(new Float32Array(10), [2, 5]) })).toBe(0);
  });

  test('importance weighs words; equal importance is uniform', async () => {
    const uniform = await scalarOf(local, inputs);
    expect(await scalarOf(local, { ...inputs, importance: array(new Float32Array(10).fill(0.3), [2, 5]) })).toBeCloseTo(uniform, 6);
    expect(await scalarOf(local, { ...inputs, importance: array([1, 0, 0, 0, 0, 1, 0, 0, 0, 0], [2, 5]) })).not.toBeCloseTo(uniform, 6);
  });
});

test('gradients are those of central differences', async () => {
  const check = async (fn: (inputs: Tensors) => Tensor, inputs: HostArrays, names: readonly string[]) => {
    const program = compile(device, valueAndGrad(fn, names));
    const slopes = await program(inputs);
    for (const name of names) {
      for (const i of [0, 3, 7]) {
        const moved = (change: number) => {
          const data = Float64Array.from(inputs[name]!.data);
          data[i % data.length]! += change;
          return program({ ...inputs, [name]: { data, shape: inputs[name]!.shape } });
        };
        const numeric = ((await moved(1e-5)).value!.data[0]! - (await moved(-1e-5)).value!.data[0]!) / 2e-5;
        const slope = slopes[`grad.${name}`]!.data;
        expect(Math.abs(slope[i % slope.length]! - numeric)).toBeLessThan(1e-6 * Math.max(1, Math.abs(numeric)));
      }
    }
  };
  await check(global, { image: floats([4, 5]), text: floats([4, 5], 2), scale: array([1.2], []), groups: ids([4], 2) }, ['image', 'text', 'scale']);
  await check(distinct, { image: floats([4, 5]), text: floats([4, 5], 2), scale: array([1.2], []), groups: ids([4], 2) }, ['image', 'text', 'scale']);
  await check(local, { patches: floats([2, 4, 6]), words: floats([2, 5, 6], 2), seen: mask([2, 5], 4) }, ['patches', 'words']);
});

test('projections go into the common space; the logit scale starts at 1 / 0.07', async () => {
  for (const projection of ['linear', 'mlp'] as const) {
    const align = alignment({ vision: 6, text: 5, width: 3, projection });
    const parameters = initialize(align.parameters, 0);
    const result = await compile(device, ({ tokens, global: whole, ...own }) => ({
      image: align.projectImage(rootScope(own), { tokens: tokens!, global: whole! }),
      patches: align.projectPatches(rootScope(own), { tokens: tokens!, global: whole! }),
      scale: ops.exp(align.logScale(rootScope(own))),
    }))({ ...parameters, tokens: floats([2, 4, 6]), global: floats([2, 6]) });
    expect([result.image!.shape, result.patches!.shape]).toEqual([
      [2, 3],
      [2, 4, 3],
    ]);
    expect(result.scale!.data[0]).toBeCloseTo(1 / 0.07, 4);
  }
});

describe.skipIf(!hasGoldens)('reference values (skipped where shared/goldens is absent)', () => {
  test.each(['loss-global', 'loss-global-groups', 'loss-local', 'loss-local-uniform'])('%s', async (name) => {
    const { json, part } = readGolden(name);
    const { zv, zt, s, groups, pv, wt, mask: seen, importance } = part('in.');
    const [fn, inputs] = zv
      ? [
          ({ zv: image, zt: text, s: scale, ...rest }: Tensors) => global({ image: image!, text: text!, scale: scale!, ...rest }),
          { zv, zt: zt!, s: s!, ...(groups ? { groups } : {}) },
        ]
      : [
          ({ pv: patches, wt: words, seen: words1, ...rest }: Tensors) =>
            localAt(json.tau ?? 0.1)({ patches: patches!, words: words!, seen: words1!, ...rest }),
          { pv: pv!, wt: wt!, seen: seen!, ...(importance ? { importance } : {}) },
        ];
    const gradients = part('grad_in.');
    const results = await compile(device, valueAndGrad(fn, Object.keys(gradients)))(inputs as HostArrays);
    expect(Math.abs(results.value!.data[0]! - json.value) / Math.abs(json.value)).toBeLessThan(1e-5);
    for (const [key, { data }] of Object.entries(gradients)) expect(relativeError(results[`grad.${key}`]!.data, data), key).toBeLessThan(1e-5);
  });
});

describe.skipIf(!hasSecondGoldens)('reference values of equal impressions (skipped where shared/goldens-2 is absent)', () => {
  test.each(['loss-global-unique', 'loss-global-all-distinct', 'loss-global-groups-equal'])('%s', async (name) => {
    const { json, part } = readGolden(name, 'goldens-2');
    const loss = globalWith((json as { duplicates?: string }).duplicates === 'unique');
    const gradients = part('grad_in.');
    const fn = ({ zv: image, zt: text, s: scale, groups }: Tensors) => loss({ image: image!, text: text!, scale: scale!, groups: groups! });
    const results = await compile(device, valueAndGrad(fn, Object.keys(gradients)))(part('in.'));
    expect(Math.abs(results.value!.data[0]! - json.value) / json.value).toBeLessThan(1e-5);
    for (const [key, { data }] of Object.entries(gradients)) expect(relativeError(results[`grad.${key}`]!.data, data), key).toBeLessThan(1e-5);
  });
});

test('dropout before a projection zeroes features and scales the rest, in training alone', async () => {
  const dropped = alignment({ vision: 6, text: 6, width: 6, dropout: 0.5 });
  expect(Object.keys(dropped.parameters)).toEqual(Object.keys(alignment({ vision: 6, text: 6, width: 6 }).parameters));
  const identity = array(
    Array.from({ length: 36 }, (_, i) => (i % 7 === 0 ? 1 : 0)),
    [6, 6],
  );
  const image = floats([40, 6]);
  const project = async (training: boolean) =>
    (
      await compile(device, ({ x, key, weight }) => {
        const scope = rootScope({ 'vision_global.weight': weight! }, { training, key: { data: key!, stream: 1 } });
        return dropped.projectImage(scope, { global: x!, tokens: x! });
      })({ x: image, weight: identity, key: { data: Int32Array.of(3, 5), shape: [2] } })
    ).value!.data;
  expect([...(await project(false))]).toEqual([...image.data]);
  const inTraining = [...(await project(true))];
  const zeros = inTraining.filter((value, i) => value === 0 && image.data[i] !== 0).length;
  expect(zeros).toBeGreaterThan(80);
  expect(zeros).toBeLessThan(160);
  inTraining.forEach((value, i) => value === 0 || expect(value).toBeCloseTo(2 * image.data[i]!, 9));
});
