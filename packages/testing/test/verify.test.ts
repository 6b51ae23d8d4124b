import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openDevice } from '@hybridmed/runtime/device';
import { listGoldens, readGolden, verifyGolden } from '@hybridmed/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Device } from '@hybridmed/tensor';

const folder = join(import.meta.dirname, '../../../../shared/goldens');
const has = existsSync(folder);
const names = has ? await listGoldens(folder) : [];

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
});

test('a golden of no known kind is refused by name', async () => {
  await expect(verifyGolden({} as Device, { name: 'odd', json: {}, arrays: {} })).rejects.toThrow('odd.json: is no golden');
});
