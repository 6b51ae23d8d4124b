// Pre-training into a folder: a run that was interrupted resumes with the same bits, adapters included.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openDevice } from '@hybridmed/runtime/device';
import { pretrain } from '@hybridmed/runtime/run';
import { completeConfig } from '@hybridmed/runtime/settings';
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
