// A run on WebGPU keeps the variants it began with: they lie in its checkpoints, and a resumed run takes them from there.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { requestDevice, webgpuDevice } from '@hybridmed/webgpu';
import type { TuningOptions, TuningTable, WebgpuDevice } from '@hybridmed/webgpu';
import { requestNodeAdapter } from '@hybridmed/webgpu/node';
import { pretrain, pretrainWithRecovery } from '@hybridmed/runtime/run';
import { completeConfig } from '@hybridmed/runtime/settings';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { smallPhantoms, temporaryFolder } from '../../../tools/support/phantoms.ts';

const { folder, remove } = temporaryFolder();
let data: string;
beforeAll(async () => {
  data = `phantom:${await smallPhantoms(folder)}`;
});
afterAll(remove);
const opened: WebgpuDevice[] = [];
afterEach(async () => {
  for (const device of opened.splice(0)) await device.close();
});

const config = () => completeConfig({ data, preset: 'tiny', epochs: [0, 2], stage1: false, steps: [0, 0], limit: 16, batch: 8, checkpointEvery: 1, seed: 1 });

async function open(tuning: TuningOptions) {
  const messages: string[] = [];
  const labels: string[] = [];
  const { adapter } = await requestNodeAdapter();
  const device = webgpuDevice(await requestDevice(adapter), { tuning, events: { onMessage: (text) => void messages.push(text) } });
  opened.push(device);
  const make = device.gpu.createShaderModule.bind(device.gpu);
  device.gpu.createShaderModule = (descriptor) => (labels.push(descriptor.label ?? ''), make(descriptor));
  return { device, messages, labels };
}

const read = (file: string): unknown => JSON.parse(readFileSync(file, 'utf8'));
const tuningOf = (out: string) => join(out, 'checkpoints', 'stage2-last', 'tuning.json');
const losses = (out: string): unknown[] =>
  readFileSync(join(out, 'metrics.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .map(({ step, losses: values, gradNorm, validation }) => ({ step, values, gradNorm, validation }));

test('by rule nothing is saved; measured choices are, and a lost run goes on with them whatever the new device would choose', async () => {
  // Without a budget every class that the run meets is decided by rule, and listed.
  const listed = join(folder, 'listed');
  const first = await open({ mode: 'measure', seconds: 0 });
  await pretrain({ config: config(), out: listed, device: first.device, workers: 0 });
  expect(first.messages).toEqual([]);
  const ruled = read(tuningOf(listed)) as TuningTable;
  expect(new Set(Object.values(ruled.choices))).toEqual(new Set([null]));

  // As if another variant had been the fastest for each.
  const choices = Object.fromEntries(Object.keys(ruled.choices).map((key) => [key, 'direct']));
  const table: TuningTable = { ...ruled, choices };
  const store = { load: async () => table, save: async () => undefined };
  const whole = join(folder, 'whole');
  const tuned = await open({ mode: 'measure', store });
  await pretrain({ config: config(), out: whole, device: tuned.device, workers: 0 });
  expect(tuned.messages).toEqual([]);
  expect(tuned.labels.some((label) => label.includes('direct'))).toBe(true);
  expect(read(tuningOf(whole))).toEqual(table);

  const lost = join(folder, 'lost');
  const devices: Awaited<ReturnType<typeof open>>[] = [];
  await pretrainWithRecovery({
    config: config(),
    out: lost,
    workers: 0,
    async open() {
      devices.push(await open(devices.length === 0 ? { mode: 'cached', store } : { mode: 'measure' }));
      return devices.at(-1)!.device;
    },
    events: {
      onStep: ({ epoch }) => {
        if (devices.length === 1 && epoch === 2) devices[0]!.device.gpu.destroy();
      },
    },
  });
  expect(devices).toHaveLength(2);
  expect(devices[1]!.messages).toEqual([]);
  expect(devices[1]!.labels.filter((label) => label.startsWith('matmul')).every((label) => /direct|vector/.test(label))).toBe(true);
  expect(losses(lost)).toEqual(losses(whole));
  expect(read(tuningOf(lost))).toEqual(table);

  const plain = join(folder, 'plain');
  await pretrain({ config: config(), out: plain, device: (await open({ mode: 'off' })).device, workers: 0 });
  expect(existsSync(tuningOf(plain))).toBe(false);
  expect(losses(plain)).toEqual(losses(listed));
});
