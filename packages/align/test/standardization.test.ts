// Standardized features and what they are folded into give the same projections, of one layer and of two.
import { addStandardization, alignment, foldStandardization, standardizationState } from '@hybridmed/align';
import { plainDevice } from '@hybridmed/gpujs';
import { initialize, parameterSpecs, rootScope } from '@hybridmed/nn';
import type { ParameterSpecs } from '@hybridmed/nn';
import type { HostArray, HostArrays } from '@hybridmed/tensor';
import { trace } from '@hybridmed/tensor';
import { expect, test } from 'vitest';

const [B, D] = [5, 6];
const features: HostArray = { data: Float32Array.from({ length: B * D }, (_, i) => 20 + (1 + (i % D)) * Math.sin(i * 1.7)), shape: [B, D] };

const prefixed = (specs: ParameterSpecs): ParameterSpecs => Object.fromEntries(Object.entries(specs).map(([name, spec]) => [`align.${name}`, spec]));

test.each(['linear', 'mlp'] as const)('%s', async (projection) => {
  const align = alignment({ vision: D, text: D, width: 3, projection, bias: true });
  const specs = addStandardization(prefixed(align.parameters), ['align.vision_global']);
  const values: HostArrays = {
    ...initialize(specs, 1),
    'align.vision_global.standard.mean': { data: Float32Array.from({ length: D }, (_, i) => 20 + i), shape: [D] },
    'align.vision_global.standard.scale': { data: Float32Array.from({ length: D }, (_, i) => 1 / (1 + i)), shape: [D] },
  };
  const project = async (own: ParameterSpecs, parameters: HostArrays, which: 'projectImage' | 'projectText') => {
    const graph = trace({ data: { x: { shape: [B, D], dtype: 'f32' } }, state: parameterSpecs(own) }, ({ x }, state) => ({
      results: { y: align[which](rootScope(state).child('align'), { tokens: x!, global: x! }) },
    }));
    const device = plainDevice();
    return (await (await device.compile(graph)).run({ x: features }, device.createState(parameters))).y!.data;
  };
  const folded = foldStandardization(values);
  expect(Object.keys(folded).toSorted()).toEqual(Object.keys(prefixed(align.parameters)).toSorted());
  const [own, saved] = [await project(specs, values, 'projectImage'), await project(prefixed(align.parameters), folded, 'projectImage')];
  own.forEach((value, i) => expect(saved[i]).toBeCloseTo(value, 5));
  expect(Math.max(...own.map(Math.abs))).toBeGreaterThan(1e-3);
  // It is the standardization of its projection alone, and makes a difference.
  expect(await project(specs, values, 'projectText')).toEqual(await project(prefixed(align.parameters), folded, 'projectText'));
  expect(own).not.toEqual(await project(prefixed(align.parameters), values, 'projectImage'));
  const layer = projection === 'linear' ? 'align.vision_global' : 'align.vision_global.fc1';
  expect(standardizationState(specs)).toEqual(['align.vision_global.standard.mean', 'align.vision_global.standard.scale', `${layer}.weight`, `${layer}.bias`]);
  expect(values[`${layer}.weight`]).not.toBe(folded[`${layer}.weight`]);
});

test('needs a bias, and a projection', () => {
  const { parameters } = alignment({ vision: D, text: D });
  const specs = addStandardization(prefixed(parameters), ['align.text_local']);
  expect(() => foldStandardization(initialize(specs, 0))).toThrow('"align.text_local" has no bias to fold a mean into');
  expect(() => addStandardization(prefixed(parameters), ['align.other'])).toThrow('"align.other" is no projection of the model');
});
