// Numbers that timm computes, held against ours: of a dozen architectures with values drawn by a formula, kept here; and of every
// architecture of the tables, where support/timm_features.py wrote them.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { rootScope } from '@hybridmed/nn';
import { loadWeights } from '@hybridmed/nn/weights';
import { cpuDevice } from '@hybridmed/onnx';
import type { HostArray } from '@hybridmed/tensor';
import { compile, sizeOf } from '@hybridmed/tensor';
import type { VisionConfig } from '@hybridmed/vision';
import { visionEncoder, visionWeights } from '@hybridmed/vision';
import { readSafetensors } from 'hybridmed/node';
import { afterAll, describe, expect, test } from 'vitest';
import { relativeError, seeWith } from './support/encode.ts';

interface Kept {
  readonly max: number;
  readonly at: readonly number[];
  readonly values: readonly number[];
}

interface Row {
  /** timm's config.json, and what ours is. */
  readonly json: object;
  readonly config: VisionConfig;
  readonly tokens: Kept;
  readonly global: Kept;
}

const { architectures } = JSON.parse(readFileSync(join(import.meta.dirname, 'fixtures', 'timm-features.json'), 'utf8')) as {
  readonly architectures: Readonly<Record<string, Row>>;
};

/** Values in [-1, 1) by a tensor's name and each element's number. */
function drawn(name: string, length: number): Float64Array {
  let seed = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) seed = Math.imul(seed ^ byte, 0x01000193);
  return Float64Array.from({ length }, (_, i) => {
    let x = (Math.imul(i, 2654435761) + seed) >>> 0;
    x ^= x >>> 15;
    x = Math.imul(x, 2246822519) >>> 0;
    return ((x ^ (x >>> 13)) >>> 0) / 2 ** 31 - 1;
  });
}

/** A tensor's values as the script draws them. */
function valuesOf(name: string, shape: readonly number[]): Float32Array {
  const spread = (factor: number, around = 0) => Float32Array.from(drawn(name, sizeOf(shape)), (v) => around + factor * v);
  if (name.endsWith('running_var')) return spread(0.3, 1);
  if (name.endsWith('running_mean')) return spread(0.1);
  if (name.includes('gamma')) return spread(0.1, 0.5);
  if (shape.length === 1) return name.endsWith('weight') ? spread(0.1, 1) : spread(0.05);
  if (shape[0] === 1 && shape.length === 3) return spread(0.2);
  const factor = 1.3 * Math.sqrt(3 / sizeOf(shape.slice(1)));
  return Float32Array.from(drawn(name, sizeOf(shape)), (v) => v * factor);
}

const device = cpuDevice();
afterAll(() => device.close());

test.each(Object.entries(architectures))('%s gives the numbers of timm', { timeout: 60_000 }, async (_, { json, config: expected, tokens, global }) => {
  // Names and shapes are timm's where ours have the same; others would draw other values.
  const shapes = Object.fromEntries(Object.entries(visionEncoder(expected).parameters).map(([name, { shape }]) => [name, shape]));
  const { config, recipes } = visionWeights(shapes, { config: json });
  expect(config).toEqual(expected);
  const encoder = visionEncoder(config);
  const readInto = async (name: string, out: Float32Array) => out.set(valuesOf(name, shapes[name]!));
  const parameters = await loadWeights(encoder.parameters, recipes, { label: 'drawn', shapes, readInto });
  const shape = [2, 3, config.imageSize, config.imageSize];
  const image: HostArray = { data: Float32Array.from(drawn('image', sizeOf(shape))), shape };
  const features = await compile(device, ({ image: x, ...own }) => {
    const { tokens: all, global: one } = encoder.call(rootScope(own), x!);
    return { tokens: all, global: one };
  })({ ...parameters, image });
  for (const [name, { max, at, values }] of Object.entries({ tokens, global }))
    for (const [i, place] of at.entries()) expect(Math.abs(features[name]!.data[place]! - values[i]!) / max, `${name} ${place}`).toBeLessThan(1e-4);
});

const table = process.env.HYBRIDMED_TIMM_TABLE ?? '';

describe.skipIf(!existsSync(table))('every architecture of the tables (skipped where HYBRIDMED_TIMM_TABLE names no folder)', () => {
  test.each(existsSync(table) ? readdirSync(table) : ['none'])('%s', { timeout: 600_000 }, async (name) => {
    const { image, tokens, global } = (await readSafetensors(join(table, name, 'expected.safetensors'))).arrays;
    const features = await seeWith(join(table, name), image!, device);
    for (const [feature, value] of Object.entries({ tokens, global })) expect(relativeError(features[feature]!, value!), feature).toBeLessThan(1e-4);
  });
});
