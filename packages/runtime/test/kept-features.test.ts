// Runs behind a frozen front on the CPU device: with and without a cache the same bits, over stages, accumulation and a second run.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openDevice } from '@hybridmed/runtime/device';
import type { CacheOptions } from '@hybridmed/runtime/run';
import { pretrain } from '@hybridmed/runtime/run';
import type { RunOptions } from '@hybridmed/runtime/settings';
import { completeConfig } from '@hybridmed/runtime/settings';
import type { Device } from '@hybridmed/tensor';
import { requestDevice, webgpuDevice } from '@hybridmed/webgpu';
import { requestNodeAdapter } from '@hybridmed/webgpu/node';
import { afterAll, expect, test } from 'vitest';
import { smallPhantoms, temporaryFolder } from '../../../tools/support/phantoms.ts';

const { folder, remove } = temporaryFolder();
afterAll(remove);

const front = ['vision.patch_embed*', 'vision.*_token', 'vision.pos_embed', 'vision.blocks.0.*'];
const filesBelow = (path: string): string[] =>
  readdirSync(path, { recursive: true, withFileTypes: true })
    .flatMap((entry) => (entry.isFile() ? [join(entry.parentPath, entry.name)] : []))
    .toSorted();

let runs = 0;

const openCpu = async (): Promise<Device> => (await openDevice('cpu', { threads: 1 })).device;
const openWebgpu = async (): Promise<Device> => webgpuDevice(await requestDevice((await requestNodeAdapter()).adapter));

/** The bytes of a run's last checkpoint and moments, and what it says of its front. */
async function trained(settings: Partial<RunOptions>, cache: CacheOptions, open: () => Promise<Device> = openCpu) {
  const phantoms = await smallPhantoms(folder);
  const device = await open();
  const out = join(folder, `run-${runs++}`);
  const lines: string[] = [];
  const config = completeConfig({
    data: `phantom:${phantoms}`,
    preset: 'tiny',
    stage1: false,
    epochs: [0, 3],
    limit: 12,
    crops: 2,
    augment: { rotation: 4 },
    batch: 3,
    freeze: front,
    ...settings,
  });
  await pretrain({ config, device, workers: 1, out, cache, events: { onMessage: (line) => lines.push(line) } });
  await device.close();
  const bytes = (file: string) => readFileSync(join(out, `checkpoints/stage${config.epochs.at(-1) === 0 ? 1 : 2}-last`, file)).toString('base64');
  return { bytes: [bytes('model.safetensors'), bytes('optimizer.safetensors')], lines: lines.filter((line) => /frozen|cache/.test(line)) };
}

test('a front is computed once or in each epoch, kept in memory or on disk, to the same bits', async () => {
  const disk = { folder: join(folder, 'cache') };
  const expected = await trained({}, { maxBytes: 0 });
  expect(expected.lines).toEqual(['frozen: vision up to blocks.0; what it makes of images is not kept']);
  expect((await trained({}, {})).bytes).toEqual(expected.bytes);
  expect((await trained({}, disk)).bytes).toEqual(expected.bytes);
  // Again: from what is kept. Then with some of it damaged and some gone, and with less room than it needs.
  const files = filesBelow(disk.folder);
  expect(files.length).toBeGreaterThan(10);
  expect((await trained({}, disk)).bytes).toEqual(expected.bytes);
  writeFileSync(files[0]!, readFileSync(files[1]!));
  writeFileSync(files[2]!, 'damaged');
  rmSync(files[3]!);
  expect((await trained({}, disk)).bytes).toEqual(expected.bytes);
  expect(filesBelow(disk.folder)).toEqual(files);
  const small = await trained({}, { folder: join(folder, 'small'), maxBytes: 9000 });
  expect(small.bytes).toEqual(expected.bytes);
  expect(small.lines.at(-1)).toMatch(/small is full: what else is computed is not kept; raise --cache-size$/);
});

test.each<[string, Partial<RunOptions>]>([
  ['accumulated steps', { accumulate: 2, batch: 2 }],
  ['a whole encoder', { freeze: ['vision.*'] }],
  ['both stages, the second behind another front', { stage1: true, epochs: [1, 2], stages: { 2: { freeze: ['vision.*'] } } }],
  ['both encoders in both stages, texts of like lengths together', { stage1: true, epochs: [2, 2], freeze: ['vision.*', 'text.*'], sampling: 'length' }],
  ['standardized features', { freeze: ['vision.*', 'text.*'], standardize: true }],
  ['the first layers of both encoders', { stage1: true, epochs: [1, 1], accumulate: 2, batch: 2, freeze: [...front, 'text.embeddings.*'] }],
])('%s: with and without a cache the same bits', async (_, settings) => {
  const expected = await trained(settings, { maxBytes: 0 });
  const kept = await trained(settings, { folder: join(folder, 'cache-of-variants') });
  expect(kept.bytes).toEqual(expected.bytes);
});

test('on WebGPU, where more texts are computed at a time, a cache changes no bits either', async () => {
  const settings: Partial<RunOptions> = { stage1: true, epochs: [2, 0], limit: 3, freeze: ['text.*'] };
  const expected = await trained(settings, { maxBytes: 0 }, openWebgpu);
  expect((await trained(settings, {}, openWebgpu)).bytes).toEqual(expected.bytes);
});
