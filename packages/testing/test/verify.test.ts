import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openDevice } from '@hybridmed/runtime/device';
import type { Comparison } from '@hybridmed/testing';
import { listGoldens, readGolden, verifyGolden } from '@hybridmed/testing';
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
