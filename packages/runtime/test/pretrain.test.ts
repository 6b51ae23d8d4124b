// Pre-training into a folder: a run that was interrupted resumes with the same bits, adapters included.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openDevice } from '@hybridmed/runtime/device';
import { pretrain } from '@hybridmed/runtime/run';
import { completeConfig } from '@hybridmed/runtime/settings';
import { loadCheckpoint } from '@hybridmed/runtime';
import { afterAll, expect, test } from 'vitest';
import { smallPhantoms, temporaryFolder } from '../../../tools/support/phantoms.ts';

const { folder, remove } = temporaryFolder();
afterAll(remove);

test('a LoRA run that was interrupted resumes with the same bits', async () => {
  const phantoms = await smallPhantoms(folder);
  const { device } = await openDevice('cpu', { threads: 1 });
  const config = completeConfig({ data: `phantom:${phantoms}`, preset: 'tiny', steps: [3, 4], checkpointEvery: 1, lora: ['text.*', 'vision.*'], loraRank: 2 });
  const options = { config, device, workers: 0 };
  await pretrain({ ...options, out: join(folder, 'unbroken') });
  const stop = (at: number) => ({
    onStep({ stage, step }: { stage: number; step: number }) {
      if (stage === 2 && step === at) throw new Error('stopped on purpose');
    },
  });
  const out = join(folder, 'broken');
  await expect(pretrain({ ...options, out, events: stop(2) })).rejects.toThrow('stopped on purpose');
  await expect(pretrain({ ...options, out, resume: true, events: stop(4) })).rejects.toThrow('stopped on purpose');
  await pretrain({ ...options, out, resume: true });
  const bytes = (name: string, file: string) => readFileSync(join(folder, name, 'checkpoints/stage2-last', file));
  for (const file of ['model.safetensors', 'optimizer.safetensors']) expect(bytes('broken', file).equals(bytes('unbroken', file)), file).toBe(true);
  await device.close();
});

test('stages have settings of their own: batches, passes, rates, what is frozen, dropout; an interrupted run resumes with the same bits', async () => {
  const phantoms = await smallPhantoms(folder);
  const { device } = await openDevice('cpu', { threads: 1 });
  const config = completeConfig({
    data: `phantom:${phantoms}`,
    preset: 'tiny',
    limit: 16,
    epochs: [2, 2],
    steps: [3, 5],
    checkpointEvery: 1,
    stages: {
      1: { batch: 8, warmup: 0, learningRate: 1e-4, dropout: 0.2 },
      2: { batch: 2, accumulate: 2, freeze: ['text.*'], learningRate: { others: 1e-3, vision: 1e-5 }, weightDecay: 0, augment: { rotation: 5 } },
    },
  });
  const lines: { stage: number; epoch: number; step: number; lr: number }[] = [];
  const options = { config, device, workers: 0 };
  const [whole, broken] = [join(folder, 'stages'), join(folder, 'stages-broken')];
  await pretrain({ ...options, out: whole, events: { onStep: (line) => lines.push(line) } });
  // 16 studies make two steps of 8, and four of 2 x 2.
  expect(lines.map(({ stage, epoch }) => `${stage}-${epoch}`)).toEqual(['1-1', '1-1', '1-2', '2-1', '2-1', '2-1', '2-1', '2-2']);
  expect(lines[0]!.lr).toBe(1e-4);
  const [first, second] = [await loadCheckpoint(join(whole, 'checkpoints/stage1-best')), await loadCheckpoint(join(whole, 'checkpoints/stage2-last'))];
  expect([first, second].map(({ config: { model } }) => model.decoder.dropout)).toEqual([0.2, undefined]);
  const changes = Object.entries(first.parameters).map(
    ([name, { data }]) => [name, Math.max(...data.map((value, i) => Math.abs(value - second.parameters[name]!.data[i]!)))] as const,
  );
  const most = (group: string) => Math.max(...changes.flatMap(([name, change]) => (name.startsWith(group) ? [change] : [])));
  expect(most('text.')).toBe(0);
  // Five steps of at most the rate each, in Adam's units.
  expect(most('vision.')).toBeGreaterThan(0);
  expect(most('vision.')).toBeLessThan(6e-5);
  expect(most('decoder.')).toBeGreaterThan(6e-4);
  for (const at of ['1-2', '2-3']) {
    const stop = ({ stage, step }: { stage: number; step: number }) => {
      if (`${stage}-${step}` === at) throw new Error('stopped on purpose');
    };
    await expect(pretrain({ ...options, out: broken, resume: true, events: { onStep: stop } })).rejects.toThrow('stopped on purpose');
  }
  await pretrain({ ...options, out: broken, resume: true });
  const bytes = (out: string, file: string) => readFileSync(join(out, 'checkpoints/stage2-last', file));
  for (const file of ['model.safetensors', 'optimizer.safetensors']) expect(bytes(broken, file).equals(bytes(whole, file)), file).toBe(true);
  await device.close();
}, 240_000);
