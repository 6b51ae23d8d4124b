import { labelParameters, labelSupervision } from '@hybridmed/align';
import { plainDevice } from '@hybridmed/gpujs';
import { initialize } from '@hybridmed/nn';
import type { HostArrays, Tensor, Tensors } from '@hybridmed/tensor';
import { array, compile, ops, valueAndGrad } from '@hybridmed/tensor';
import { describe, expect, test } from 'vitest';
import { floats } from '../../tensor/test/support/numbers.ts';

const device = plainDevice({ precision: 'f64' });
const eachOf = ({ image, weight, bias, labels, mask }: Tensors): Tensor =>
  labelSupervision({ image: image!, weight: weight!, bias: bias!, labels: labels!, mask: mask! });
const loss = (inputs: Tensors): Tensor => ops.mean(eachOf(inputs));

/** The definition, in loops: of each study. */
function reference({ image, weight, bias, labels, mask }: HostArrays): number[] {
  const [count, width] = weight!.shape as [number, number];
  return Array.from({ length: image!.shape[0]! }, (_, i) => {
    let sum = 0;
    for (let k = 0; k < count; k++) {
      let z = bias!.data[k]!;
      for (let j = 0; j < width; j++) z += weight!.data[k * width + j]! * image!.data[i * width + j]!;
      const p = 1 / (1 + Math.exp(-z));
      const y = labels!.data[i * count + k]!;
      sum -= mask!.data[i * count + k]! * (y * Math.log(p) + (1 - y) * Math.log(1 - p));
    }
    return sum / Math.sqrt(count);
  });
}

const cases: Readonly<Record<string, HostArrays>> = {
  'three labels, one of them doubtful in a study': {
    image: floats([2, 4]),
    weight: floats([3, 4], 2),
    bias: array([0.3, -1, 0], [3]),
    labels: array([1, 0, 0, 0, 1, 1], [2, 3]),
    mask: array([1, 1, 1, 1, 0, 1], [2, 3]),
  },
  'a study of which nothing is known': {
    image: floats([1, 3]),
    weight: floats([2, 3], 2),
    bias: array([0, 2], [2]),
    labels: array([1, 0], [1, 2]),
    mask: array([0, 0], [1, 2]),
  },
};

describe.each(Object.entries(cases))('L_Lab of %s', (_, inputs) => {
  test('is its definition, study by study', async () => {
    const { value } = await compile(device, eachOf)(inputs);
    reference(inputs).forEach((expected, i) => expect(value!.data[i]).toBeCloseTo(expected, 10));
  });

  test('gradients are those of central differences in float64', async () => {
    const names = ['image', 'weight', 'bias'];
    const slopes = await compile(device, valueAndGrad(loss, names))(inputs);
    const valueOf = async (moved: HostArrays) => (await compile(device, loss)(moved)).value!.data[0]!;
    for (const name of names)
      for (let i = 0; i < inputs[name]!.data.length; i++) {
        const moved = (change: number) => {
          const data = Float64Array.from(inputs[name]!.data);
          data[i]! += change;
          return valueOf({ ...inputs, [name]: { data, shape: inputs[name]!.shape } });
        };
        const numeric = ((await moved(1e-5)) - (await moved(-1e-5))) / 2e-5;
        expect(Math.abs(slopes[`grad.${name}`]!.data[i]! - numeric), `${name} ${i}`).toBeLessThan(1e-7);
      }
  });
});

test('two labels at even odds cost log 2 each, over the root of two', async () => {
  const inputs = {
    image: floats([1, 2]),
    weight: array([0, 0, 0, 0], [2, 2]),
    bias: array([0, 0], [2]),
    labels: array([1, 0], [1, 2]),
    mask: array([1, 1], [1, 2]),
  };
  expect((await compile(device, loss)(inputs)).value!.data[0]).toBeCloseTo(Math.SQRT2 * Math.LN2, 10);
});

test("the head starts at weight 0 and the labels' log odds, and logits of any size have a finite loss", async () => {
  const { weight, bias } = initialize(labelParameters(3, [-1.5, 400]), 1);
  expect(Array.from(weight!.data)).toEqual([0, 0, 0, 0, 0, 0]);
  expect(Array.from(bias!.data)).toEqual([-1.5, 400]);
  const inputs = { image: floats([1, 3]), weight: weight!, bias: bias!, labels: array([0, 0], [1, 2]), mask: array([1, 1], [1, 2]) };
  expect((await compile(device, loss)(inputs)).value!.data[0]).toBeCloseTo((Math.log1p(Math.exp(-1.5)) + 400) / Math.SQRT2, 3);
});
