// Dropout before the head of label supervision: what it does to an image's vector, and its gradient.
import { labelSupervision } from '@hybridmed/align';
import { plainDevice } from '@hybridmed/gpujs';
import type { Model } from '@hybridmed/model';
import { rootScope } from '@hybridmed/nn';
import type { HostArray, HostArrays, Tensors } from '@hybridmed/tensor';
import { array, compile, ops, valueAndGrad } from '@hybridmed/tensor';
import { expect, test } from 'vitest';
import { floats } from '../../tensor/test/support/numbers.ts';
import { modelFeatures } from '../src/objective/features.ts';

const device = plainDevice({ precision: 'f64' });
const [studies, width] = [6, 8];
const key: HostArray = { data: Int32Array.of(3, 5), shape: [2] };

/** A model of which only images' vectors are read: they are the images. */
const modelOf = (headDropout?: number): Model =>
  ({
    vision: { parameters: {}, width, tokenCount: 1, image: { size: 1, channels: 1 }, call: (_: unknown, image: unknown) => ({ global: image, tokens: image }) },
    text: {},
    align: {},
    decoder: {},
    ...(headDropout === undefined ? {} : { headDropout }),
  }) as unknown as Model;

const head = (rate: number | undefined, training: boolean) => (inputs: Tensors) => {
  const scope = rootScope({}, { training, key: { data: inputs['key']!, stream: 1 } });
  const batch = { image: inputs['image']! } as never;
  return modelFeatures({ model: modelOf(rate), scope, batch, teacher: { kind: 'live' }, temperature: 1 }, new Set(['imageGlobal']))('imageGlobal');
};

const images = floats([studies, width]);
const vectors = async (rate: number | undefined, training: boolean) => [...(await compile(device, head(rate, training))({ image: images, key })).value!.data];

test('it zeroes some numbers of the vectors and scales the rest, in training alone, and not without a rate', async () => {
  for (const [rate, training] of [
    [undefined, true],
    [0.5, false],
  ] as const)
    expect(await vectors(rate, training)).toEqual([...images.data]);
  const dropped = await vectors(0.5, true);
  const zeros = dropped.filter((value) => value === 0).length;
  expect(zeros).toBeGreaterThan(10);
  expect(zeros).toBeLessThan(38);
  dropped.forEach((value, i) => value === 0 || expect(value).toBeCloseTo(2 * images.data[i]!, 9));
});

test('L_Lab through it is that of the dropped vectors, and its gradients are central differences in float64', async () => {
  const labels = array(
    Array.from({ length: studies * 2 }, (_, i) => i % 2),
    [studies, 2],
  );
  const others = {
    weight: floats([2, width], 2),
    bias: floats([2], 3),
    labels,
    mask: array(
      Array.from({ length: studies * 2 }, () => 1),
      [studies, 2],
    ),
    key,
  };
  const lab = (image: Tensors[string], { weight, bias, labels: present, mask }: Tensors) =>
    ops.mean(labelSupervision({ image: image!, weight: weight!, bias: bias!, labels: present!, mask: mask! }));
  const loss = (inputs: Tensors) => lab(head(0.5, true)(inputs), inputs);
  const inputs: HostArrays = { image: images, ...others };
  const own = await compile(device, valueAndGrad(loss, ['image', 'weight']))(inputs);
  const dropped = array(await vectors(0.5, true), [studies, width]);
  const plain = await compile(device, (given: Tensors) => lab(given['image']!, given))({ ...inputs, image: dropped });
  expect(own.value!.data[0]).toBeCloseTo(plain.value!.data[0]!, 10);
  const valueOf = async (moved: HostArrays) => (await compile(device, loss)(moved)).value!.data[0]!;
  for (const name of ['image', 'weight'])
    for (let i = 0; i < inputs[name]!.data.length; i++) {
      const moved = (change: number) => {
        const data = Float64Array.from(inputs[name]!.data);
        data[i]! += change;
        return { ...inputs, [name]: { ...inputs[name]!, data: data as never } };
      };
      const slope = ((await valueOf(moved(1e-5))) - (await valueOf(moved(-1e-5)))) / 2e-5;
      expect(own[`grad.${name}`]!.data[i], `${name} ${i}`).toBeCloseTo(slope, 7);
    }
});
