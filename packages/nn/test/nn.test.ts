import { plainDevice } from '@hybridmed/gpujs';
import { batchNorm, collect, cosineSchedule, decays, dropout, embedding, initialize, linear, maskedMean, normalize, rootScope } from '@hybridmed/nn';
import { array, compile, keyData, ops } from '@hybridmed/tensor';
import { describe, expect, test } from 'vitest';

const device = plainDevice({ precision: 'f64' });

describe('schedule', () => {
  test('warms up linearly, then follows a cosine to 0', () => {
    const at = (step: number) => cosineSchedule(step, { steps: 10, warmup: 2, peak: 4 });
    expect([0, 1, 2].map(at)).toEqual([2, 4, 4]);
    expect(at(6)).toBeCloseTo(2, 12);
    expect(at(9)).toBeCloseTo(2 * (1 + Math.cos((7 / 8) * Math.PI)), 12);
    expect(cosineSchedule(0, { steps: 1, warmup: 1, peak: 3 })).toBe(3);
  });
});

describe('parameters', () => {
  const specs = collect({ a: linear({ inputs: 5, outputs: 3 }), 'b.c': embedding({ rows: 7, width: 2 }) });

  test('have dotted names; matrices decay, biases do not', () => {
    expect(Object.keys(specs)).toEqual(['a.weight', 'a.bias', 'b.c.weight']);
    expect(Object.values(specs).map(decays)).toEqual([true, false, true]);
  });

  test('start values depend on seed and name alone', () => {
    const [one, again, other] = [initialize(specs, 1), initialize(specs, 1), initialize(specs, 2)];
    expect(one).toEqual(again);
    expect(one['a.weight']!.data).not.toEqual(other['a.weight']!.data);
    expect(initialize({ 'a.weight': specs['a.weight']! }, 1)['a.weight']).toEqual(one['a.weight']);
  });

  test('normal values have their standard deviation', () => {
    const { x } = initialize({ x: { shape: [200, 100], init: { kind: 'normal', std: 0.02 } } }, 0);
    const values = [...x!.data];
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    expect(Math.abs(mean)).toBeLessThan(1e-3);
    expect(Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length)).toBeCloseTo(0.02, 3);
  });

  test('a missing one is named in full', () => {
    expect(() => linear({ inputs: 1, outputs: 1 }).call(rootScope({}).child('text.layer.0'), ops.full(1, [1, 1]))).toThrow(
      'parameter "text.layer.0.weight" is missing',
    );
  });
});

describe('layers', () => {
  test('batch norm uses and updates batch statistics in training, running ones otherwise', async () => {
    const norm = batchNorm({ channels: 2 });
    const own = { weight: array([2, 1]), bias: array([0, 1]), running_mean: array([0.5, -1]), running_var: array([4, 9]) };
    const x = array([1, 3, 5, 7, 2, 2, 4, 4], [1, 2, 2, 2]);
    const run = (training: boolean) =>
      compile(device, ({ x: image, ...parameters }) => {
        const updates: Record<string, ReturnType<typeof ops.exp>> = {};
        const y = norm.call(rootScope(parameters, { training, updates }), image!);
        return { y, ...updates };
      })({ ...own, x });
    const trained = await run(true);
    expect([...trained.y!.data].slice(0, 4)).toEqual([-3, -1, 1, 3].map((value) => expect.closeTo((2 * value) / Math.sqrt(5 + 1e-5), 6)));
    expect([...trained.running_mean!.data]).toEqual([expect.closeTo(0.9 * 0.5 + 0.1 * 4, 9), expect.closeTo(-0.9 + 0.1 * 3, 9)]);
    expect(trained.running_var!.data[0]).toBeCloseTo(0.9 * 4 + (0.1 * 20) / 3, 9);
    const used = await run(false);
    expect(used.y!.data[0]).toBeCloseTo((2 * (1 - 0.5)) / Math.sqrt(4 + 1e-5), 9);
    expect(Object.keys(used)).toEqual(['y']);
  });

  test('dropout keeps the mean, depends on key and site, and is off outside training', async () => {
    const run = (seed: number, site: string, training = true) =>
      compile(device, ({ x, key }) => dropout(rootScope({}, { training, key: { data: key!, stream: 1 } }), x!, 0.25, site))({
        x: array(new Float32Array(8000).fill(1)),
        key: keyData(seed),
      });
    const [a, same, site, seed, off] = await Promise.all([run(1, 'a'), run(1, 'a'), run(1, 'b'), run(2, 'a'), run(1, 'a', false)]);
    expect(a.value!.data).toEqual(same.value!.data);
    expect(a.value!.data).not.toEqual(site.value!.data);
    expect(a.value!.data).not.toEqual(seed.value!.data);
    expect([...off.value!.data].every((value) => value === 1)).toBe(true);
    const mean = [...a.value!.data].reduce((x, y) => x + y, 0) / 8000;
    expect(Math.abs(mean - 1)).toBeLessThan(0.03);
    expect(new Set([...a.value!.data].map((value) => value.toFixed(4)))).toEqual(new Set(['0.0000', '1.3333']));
  });

  test('normalize makes unit rows and keeps zeros finite; masked means ignore what is masked', async () => {
    const result = await compile(device, ({ x, mask }) => ({ unit: normalize(x!), mean: maskedMean(ops.reshape(x!, [4]), mask!) }))({
      x: array([3, 4, 0, 0], [2, 2]),
      mask: array([1, 1, 0, 0]),
    });
    expect([...result.unit!.data]).toEqual([expect.closeTo(0.6, 6), expect.closeTo(0.8, 6), 0, 0]);
    expect(result.mean!.data[0]).toBeCloseTo(3.5, 9);
  });
});
