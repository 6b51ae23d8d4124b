// Training in mixed precision: a loss scale that is too large, a run that is resumed, and a device of another precision.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { HostArrays } from '@hybridmed/tensor';
import type { WebgpuDevice } from '@hybridmed/webgpu';
import { nodeWebgpuDevice } from '@hybridmed/webgpu/node';
import { pretrain, pretrainWithRecovery } from '@hybridmed/runtime/run';
import { completeConfig } from '@hybridmed/runtime/settings';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { smallPhantoms, temporaryFolder } from '../../../tools/support/phantoms.ts';

const probe = await nodeWebgpuDevice();
const half = probe.gpu.features.has('shader-f16');
await probe.close();

describe.skipIf(!half)('mixed precision (skipped where the adapter has no 16-bit floats)', () => {
  const { folder, remove } = temporaryFolder();
  let data: string;
  beforeAll(async () => {
    data = `phantom:${await smallPhantoms(folder)}`;
  });
  afterAll(remove);

  const config = (more: object = {}) =>
    completeConfig({ data, preset: 'tiny', epochs: [0, 3], stage1: false, limit: 16, batch: 8, checkpointEvery: 1, seed: 1, precision: 'mixed', ...more });

  /** A device on which every new loss scale begins far too large; a saved one is what it was. */
  async function open(): Promise<WebgpuDevice> {
    const device = await nodeWebgpuDevice({ precision: 'mixed' });
    const tooLarge = (entries: HostArrays): HostArrays =>
      entries['loss_scale']?.data[0] === 1024 ? { ...entries, loss_scale: { data: Float32Array.of(2 ** 19), shape: [] } } : entries;
    return { ...device, createState: (initial = {}) => device.createState(tooLarge(initial)) };
  }

  const lines = (out: string) =>
    readFileSync(join(out, 'metrics.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => {
        const { studiesPerSecond: _speed, residentMiB: _memory, time: _time, ...rest } = JSON.parse(line) as Record<string, unknown>;
        return rest;
      });
  const checkpoints = (out: string) =>
    Object.fromEntries(
      readdirSync(join(out, 'checkpoints')).flatMap((kind) =>
        ['model.safetensors', 'optimizer.safetensors', 'trainer.json']
          .filter((file) => existsSync(join(out, 'checkpoints', kind, file)))
          .map((file) => [`${kind}/${file}`, readFileSync(join(out, 'checkpoints', kind, file)).toString('base64')]),
      ),
    );

  test('a scale that overflows is lowered and training goes on; a run that lost its device ends with the bits of the one that did not', async () => {
    const [whole, lost] = [join(folder, 'whole'), join(folder, 'lost')];
    const first = await open();
    await pretrain({ config: config(), out: whole, device: first, workers: 0 });
    await first.close();
    const steps = lines(whole).filter(({ losses }) => losses);
    const scales = steps.map(({ lossScale }) => lossScale as number);
    const left = steps.filter(({ gradNorm }) => gradNorm === null).length;
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThan(steps.length);
    expect(scales).toEqual(steps.map((_, i) => 2 ** (19 - Math.min(i, left))));
    expect(steps.every(({ losses }) => Number.isFinite((losses as { total: number }).total))).toBe(true);

    const devices: WebgpuDevice[] = [];
    await pretrainWithRecovery({
      config: config(),
      out: lost,
      workers: 0,
      async open() {
        devices.push(devices.length === 0 ? await open() : await nodeWebgpuDevice({ precision: 'mixed' }));
        return devices.at(-1)!;
      },
      events: { onStep: ({ epoch }) => void (devices.length === 1 && epoch === 2 && devices[0]!.gpu.destroy()) },
    });
    expect(devices).toHaveLength(2);
    await devices[1]!.close();
    expect(lines(lost)).toEqual(lines(whole));
    expect(checkpoints(lost)).toEqual(checkpoints(whole));
  });

  test('a batch in two passes has a scale too', async () => {
    const device = await nodeWebgpuDevice({ precision: 'mixed' });
    const out = join(folder, 'accumulated');
    await pretrain({ config: config({ accumulate: 2, batch: 4, epochs: [0, 1] }), out, device, workers: 0 });
    expect(
      lines(out)
        .filter(({ losses }) => losses)
        .every(({ gradNorm, lossScale }) => Number.isFinite(gradNorm) && lossScale === 1024),
    ).toBe(true);
    await device.close();
  });

  test('a device of another precision than the run is refused', async () => {
    const device = await nodeWebgpuDevice();
    await expect(pretrain({ config: config(), out: join(folder, 'other'), device, workers: 0 })).rejects.toThrow(
      'the run is of precision "mixed", the device computes in "f32"; open it with the run\'s precision',
    );
    await device.close();
  });
});
