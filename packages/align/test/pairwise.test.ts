import { pairwiseContrast, pairwiseParameters } from '@hybridmed/align';
import { plainDevice } from '@hybridmed/gpujs';
import { initialize } from '@hybridmed/nn';
import type { HostArrays, Tensor, Tensors } from '@hybridmed/tensor';
import { array, compile, valueAndGrad } from '@hybridmed/tensor';
import { describe, expect, test } from 'vitest';
import { hasSecondGoldens, readGolden, relativeError } from '../../nn/test/support/goldens.ts';
import { floats } from '../../tensor/test/support/numbers.ts';

const device = plainDevice({ precision: 'f64' });
const loss = ({ image, text, scale, bias, groups }: Tensors): Tensor =>
  pairwiseContrast({ image: image!, text: text!, logScale: scale!, bias: bias!, ...(groups ? { groups } : {}) });
const valueOf = async (inputs: HostArrays) => (await compile(device, loss)(inputs)).value!.data[0]!;

const scalars = (scale: number, bias: number) => ({ scale: array([scale], []), bias: array([bias], []) });
const groupsOf = (...groups: number[]) => ({ data: Int32Array.from(groups), shape: [groups.length] });

/** The definition, in loops. */
function reference({ image, text, scale, bias, groups }: HostArrays): number {
  const [batch, width] = image!.shape as [number, number];
  const row = ({ data }: HostArrays[string], i: number) => Array.from(data.slice(i * width, (i + 1) * width));
  const dot = (a: number[], b: number[]) => a.reduce((sum, value, k) => sum + value * b[k]!, 0);
  let sum = 0;
  for (let i = 0; i < batch; i++)
    for (let j = 0; j < batch; j++) {
      const [a, b] = [row(image!, i), row(text!, j)];
      const logit = Math.exp(scale!.data[0]!) * (dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b))) + bias!.data[0]!;
      const together = groups ? groups.data[i] === groups.data[j] : i === j;
      sum -= Math.log(1 / (1 + Math.exp(together ? -logit : logit)));
    }
  return sum / batch;
}

const cases: Readonly<Record<string, HostArrays>> = {
  'pairs alone': { image: floats([4, 5]), text: floats([4, 5], 2), ...scalars(1.2, -0.7) },
  'equal impressions': { image: floats([5, 3]), text: floats([5, 3], 2), ...scalars(0.4, 0.3), groups: groupsOf(7, 1, 7, 1, 7) },
  'one study': { image: floats([1, 4]), text: floats([1, 4], 2), ...scalars(2, -10) },
};

describe.each(Object.entries(cases))('L_SG of %s', (_, inputs) => {
  test('is its definition', async () => {
    expect(await valueOf(inputs)).toBeCloseTo(reference(inputs), 10);
  });

  test('gradients are those of central differences in float64', async () => {
    const names = ['image', 'text', 'scale', 'bias'];
    const slopes = await compile(device, valueAndGrad(loss, names))(inputs);
    for (const name of names)
      for (let i = 0; i < inputs[name]!.data.length; i++) {
        const moved = (change: number) => {
          const data = Float64Array.from(inputs[name]!.data);
          data[i]! += change;
          return valueOf({ ...inputs, [name]: { data, shape: inputs[name]!.shape } });
        };
        const numeric = ((await moved(1e-5)) - (await moved(-1e-5))) / 2e-5;
        expect(Math.abs(slopes[`grad.${name}`]!.data[i]! - numeric), `${name} ${i}`).toBeLessThan(1e-7 * Math.max(1, Math.abs(numeric)));
      }
  });
});

test('hand-worked: logits of 0, where every decision is a coin', async () => {
  const inputs = { image: array([1, 0, 0, 1], [2, 2]), text: array([0, 1, 1, 0], [2, 2]), ...scalars(0, 0) };
  // Own pairs have logit 0, the others 1: log 2 + log(1 + e) for each study.
  expect(await valueOf(inputs)).toBeCloseTo(Math.log(2) + Math.log(1 + Math.E), 9);
});

test('logits of any size give finite values and gradients', async () => {
  const results = await compile(
    device,
    valueAndGrad(loss, ['image', 'scale', 'bias']),
  )({ image: floats([3, 4]), text: floats([3, 4], 2), ...scalars(7, -900) });
  for (const [name, { data }] of Object.entries(results)) expect(Array.from(data).every(Number.isFinite), name).toBe(true);
});

test('scale and bias start at log 10 and -10', () => {
  const { scale, bias } = initialize(pairwiseParameters, 0);
  expect(scale!.data[0]).toBeCloseTo(Math.log(10), 6);
  expect(bias!.data[0]).toBe(-10);
});

describe.skipIf(!hasSecondGoldens)('reference values (skipped where shared/goldens-2 is absent)', () => {
  test.each(['loss-pairwise', 'loss-pairwise-groups', 'loss-pairwise-far'])('%s', async (name) => {
    const { json, part } = readGolden(name, 'goldens-2');
    const { zv, zt, s, b, groups } = part('in.');
    const gradients = part('grad_in.');
    const results = await compile(
      device,
      valueAndGrad(({ zv: image, zt: text, s: scale, b: bias, ...rest }) => loss({ image, text, scale, bias, ...rest } as Tensors), Object.keys(gradients)),
    )({
      zv: zv!,
      zt: zt!,
      s: s!,
      b: b!,
      ...(groups ? { groups } : {}),
    });
    expect(Math.abs(results.value!.data[0]! - json.value) / Math.abs(json.value)).toBeLessThan(1e-5);
    for (const [key, { data }] of Object.entries(gradients)) expect(relativeError(results[`grad.${key}`]!.data, data), key).toBeLessThan(1e-5);
  });
});
