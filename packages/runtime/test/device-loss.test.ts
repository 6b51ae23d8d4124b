// A GPU that is lost in mid-run: the run says so, opens another, and ends with the numbers of a run that lost none.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Device } from '@hybridmed/tensor';
import { DeviceLostError } from '@hybridmed/tensor';
import type { WebgpuDevice } from '@hybridmed/webgpu';
import { nodeWebgpuDevice } from '@hybridmed/webgpu/node';
import { pretrain, pretrainWithRecovery } from '@hybridmed/runtime/run';
import { completeConfig } from '@hybridmed/runtime/settings';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { smallPhantoms, temporaryFolder } from '../../../tools/support/phantoms.ts';

const { folder, remove } = temporaryFolder();
let data: string;
beforeAll(async () => {
  data = `phantom:${await smallPhantoms(folder)}`;
});
afterAll(remove);

const config = () => completeConfig({ data, preset: 'tiny', steps: [3, 4], epochs: [1, 1], limit: 24, checkpointEvery: 2, seed: 1 });

/** Losses by stage and step; a step that was made twice counts once. */
function losses(out: string): unknown[] {
  return readFileSync(join(out, 'metrics.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .map(({ stage, step, losses: values, gradNorm, validation }) => ({ stage, step, values, gradNorm, validation }));
}

test('training resumes from the last checkpoint on a new device, with the same numbers', async () => {
  const messages: string[] = [];
  const opened: WebgpuDevice[] = [];
  const open = async (): Promise<Device> => {
    const device = await nodeWebgpuDevice();
    opened.push(device);
    return device;
  };
  const out = join(folder, 'lost');
  const result = await pretrainWithRecovery({
    config: config(),
    out,
    open,
    workers: 0,
    events: {
      onMessage: (text) => messages.push(text),
      onStep: ({ stage, step }) => {
        if (opened.length === 1 && stage === 2 && step === 3) opened[0]!.gpu.destroy();
      },
    },
  });
  expect(opened).toHaveLength(2);
  expect(messages.filter((text) => text.includes('a new device resumes from the last checkpoint'))).toHaveLength(1);
  expect(result.stages.map(({ finished }) => finished)).toEqual([true, true]);

  const whole = join(folder, 'whole');
  await pretrain({ config: config(), out: whole, device: opened[1]!, workers: 0 });
  expect(losses(out)).toEqual(losses(whole));
  await opened[1]!.close();
});

test('a device that is lost before its first step ends the run with a typed error', async () => {
  const open = async (): Promise<Device> => {
    const device = await nodeWebgpuDevice();
    device.gpu.destroy();
    return device;
  };
  const error = await pretrainWithRecovery({ config: config(), out: join(folder, 'never'), open, workers: 0 }).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(DeviceLostError);
  expect((error as Error).message).toMatch(/^webgpu: the device was closed; open a new device and load the last checkpoint$/);
});
