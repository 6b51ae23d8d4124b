import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openDevice } from '@hybridmed/runtime/device';
import type { Comparison } from '@hybridmed/testing';
import { listGoldens, needsWeights, readGolden, verifyGolden } from '@hybridmed/testing';
import { nodeWebgpuDevice } from '@hybridmed/webgpu/node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Device } from '@hybridmed/tensor';

const folderOf = (set: string) => join(import.meta.dirname, '../../../../shared', set);
const folder = folderOf('goldens');
const has = existsSync(folder);
const names = has ? await listGoldens(folder) : [];
const second = folderOf('goldens-2');
const losses = existsSync(second) ? (await listGoldens(second)).filter((name) => name.startsWith('loss-')) : [];

describe.skipIf(!has).each(['cpu', 'webgpu', 'gpujs'] as const)('reference values on %s (skipped where shared/goldens is absent)', (kind) => {
  let device: Device;
  beforeAll(async () => {
    ({ device } = await openDevice(kind));
  });
  afterAll(() => device.close());

  test.each(names)('%s', async (name) => {
    const rows = await verifyGolden(device, await readGolden(folder, name));
    expect(rows.length).toBeGreaterThan(0);
    expect(rows.filter(({ ok }) => !ok)).toEqual([]);
  });

  test.runIf(losses.length > 0).each(losses)('of further losses: %s', async (name) => {
    const rows = await verifyGolden(device, await readGolden(second, name));
    expect(rows.map(({ quantity }) => quantity)).toContain('gradient of zv');
    expect(rows.filter(({ ok }) => !ok)).toEqual([]);
  });
});

const encoders = existsSync(second) ? (await listGoldens(second)).filter((name) => /densenet|efficientnet|mobilenet|convnext/.test(name)) : [];
const isTrained = (name: string): boolean => name.endsWith('-imagenet');
const trained = process.env.HYBRIDMED_LITE0 ?? '';

describe.skipIf(encoders.length === 0).each(['cpu', 'webgpu', 'gpujs'] as const)('encoders on %s (skipped where shared/goldens-2 is absent)', (kind) => {
  let device: Device;
  beforeAll(async () => {
    ({ device } = await openDevice(kind));
  });
  afterAll(() => device.close());

  test.each(encoders.filter((name) => !isTrained(name)))('%s: features, gradients, and its published folder', { timeout: 120_000 }, async (name) => {
    const golden = await readGolden(second, name);
    const rows = await verifyGolden(device, golden);
    expect(rows.map(({ quantity }) => quantity)).toEqual(expect.arrayContaining(['value', 'out.tokens', 'out.global', 'grad_in.image', 'gradients']));
    expect(rows.some(({ quantity }) => quantity === 'published tokens')).toBe(golden.json.published !== undefined);
    expect(rows.some(({ quantity }) => quantity === 'buffers after')).toBe(name.endsWith('-train'));
    expect(rows.filter(({ ok }) => !ok)).toEqual([]);
  });

  const folders = 'skipped where HYBRIDMED_LITE0 names no folder that efficientnet_lite0.py of shared/goldens-2 made';
  test.skipIf(!existsSync(trained)).each(encoders.filter(isTrained))(`trained on ImageNet: %s (${folders})`, { timeout: 300_000 }, async (name) => {
    const golden = await readGolden(second, name);
    expect(needsWeights(golden)).toBe(true);
    const rows = await verifyGolden(device, golden, { weights: trained });
    expect(rows.map(({ quantity }) => quantity).toSorted()).toEqual(['out.global', 'out.tokens3']);
    expect(rows.filter(({ ok }) => !ok)).toEqual([]);
  });
});

const texts = existsSync(second) ? ['labeller-heads', 'bertscore', 'calibration'] : [];

describe.skipIf(texts.length === 0)('what compares texts (skipped where shared/goldens-2 is absent)', () => {
  test.each(['cpu', 'webgpu', 'gpujs'] as const)('on %s', { timeout: 120_000 }, async (kind) => {
    const { device } = await openDevice(kind);
    const rows: Comparison[] = [];
    for (const name of texts) rows.push(...(await verifyGolden(device, await readGolden(second, name))));
    await device.close();
    expect(rows.map(({ quantity }) => quantity)).toEqual(
      expect.arrayContaining(['logits of each head', 'positive_alone, all14: F1 of each label', 'f1 of each pair', 'multiclass: adaptive_ece']),
    );
    expect(rows.filter(({ ok }) => !ok)).toEqual([]);
  });

  test('other figures than the reference’s are out of their bounds, and an absent folder is named', async () => {
    const device = { info: { kind: 'none', name: 'none' } } as unknown as Device;
    const golden = await readGolden(second, 'calibration');
    const changed = { ...golden.json, binary: { ...golden.json.binary, ece: golden.json.binary.ece + 1e-4 } };
    const wrong = (await verifyGolden(device, { ...golden, json: changed })).filter(({ ok }) => !ok);
    expect(wrong.map(({ quantity }) => quantity)).toEqual(['binary: ece']);
    const scorer = await readGolden(second, 'bertscore');
    await expect(verifyGolden(device, { ...scorer, json: { ...scorer.json, model: 'nowhere' } })).rejects.toThrow(
      /bertscore\.json: names the folder .*nowhere/,
    );
  });

  test('every file of the second set is of a kind that is replayed', async () => {
    const known = [...losses, ...encoders, ...texts].toSorted();
    expect(await listGoldens(second)).toEqual(known);
  });
});

test.skipIf(encoders.length === 0)('a golden of trained weights is refused without their folder', async () => {
  const device = { info: { kind: 'none', name: 'none' } } as unknown as Device;
  await expect(verifyGolden(device, await readGolden(second, encoders.find(isTrained)!))).rejects.toThrow('give their folder by --weights');
});

const probe = await nodeWebgpuDevice();
const half = probe.gpu.features.has('shader-f16');
await probe.close();

describe.skipIf(!has || !half)('reference values in mixed precision (skipped where shared/goldens or 16-bit floats are absent)', () => {
  test('losses are the reference within 1 %, the trajectory of training within 3 %', async () => {
    const { device } = await openDevice('webgpu', { precision: 'mixed' });
    const rows: Comparison[] = [];
    for (const name of names) rows.push(...(await verifyGolden(device, await readGolden(folder, name))));
    expect(rows.filter(({ ok }) => !ok)).toEqual([]);
    const worst = (of: RegExp, file: string) => Math.max(...rows.filter((row) => row.file === file && of.test(row.quantity)).map(({ error }) => error));
    expect(worst(/: L_/, 'hybridmed-losses')).toBeLessThan(0.01);
    expect(worst(/: L_|gradient norm|parameters after/, 'hybridmed-training')).toBeLessThan(0.03);
    // Values were rounded indeed.
    expect(worst(/gradients$/, 'hybridmed-losses')).toBeGreaterThan(1e-4);
    await device.close();
  });
});

test('a golden of no known kind is refused by name', async () => {
  await expect(verifyGolden({} as Device, { name: 'odd', json: {}, arrays: {} })).rejects.toThrow('odd.json: is no golden');
});
