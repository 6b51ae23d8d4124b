// Orders of training by sets of labels: the weights, what they come from, and a run that says it and repeats studies.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openDevice } from '@hybridmed/runtime/device';
import { pretrain } from '@hybridmed/runtime/run';
import { completeConfig } from '@hybridmed/runtime/settings';
import { afterAll, expect, test } from 'vitest';
import { smallPhantoms, temporaryFolder } from '../../../tools/support/phantoms.ts';
import { labelWeights } from '../src/run/label-sampling.ts';

const { folder, remove } = temporaryFolder();
afterAll(remove);

const report = (impression: string, labels?: Readonly<Record<string, 0 | 1>>) => ({ findings: '', impression, ...(labels ? { labels } : {}) });

test('a weight is the number of studies with the same set of labels to the power of -0.5', () => {
  const { weights, note } = labelWeights([
    report('', { a: 1, b: 0 }),
    // What is absent and what is unlabelled are no labels of the set, and their order is none of it.
    report('', { b: 0, a: 1 }),
    report('', { a: 1 }),
    report('', { a: 1, b: 1 }),
    report('', { b: 1, a: 1 }),
    report('', { a: 0 }),
  ]);
  expect([...weights]).toEqual([3, 3, 3, 2, 2, 1].map((count) => count ** -0.5));
  expect(note).toBe(
    "sampling by labels: the data set's own labels; 3 sets of labels in 6 training studies, 3 of them with the commonest; an epoch repeats some studies and misses others",
  );
});

test('where a study has no labels, the reports of all are read', () => {
  const { weights, note } = labelWeights([
    report('Cardiomegaly.', { a: 1 }),
    report('The heart is enlarged.'),
    report('No acute abnormality.', { a: 1 }),
    report('Left pleural effusion. Cardiomegaly.'),
  ]);
  expect([...weights]).toEqual([2, 2, 1, 1].map((count) => count ** -0.5));
  expect(note).toContain('the rule labeller, which reads findings and impressions; 3 sets of labels in 4 training studies');
});

test('a run says which labels it takes, and ends with the bits of the same run resumed', async () => {
  const data = `phantom:${await smallPhantoms(folder)}`;
  const config = completeConfig({ data, preset: 'tiny', batch: 4, epochs: [1, 2], steps: [2, 0], checkpointEvery: 1, sampling: 'labels' });
  const { device } = await openDevice('cpu', { threads: 1 });
  const messages: string[] = [];
  const weights = (out: string): Buffer => readFileSync(join(out, 'checkpoints', 'stage2-last', 'model.safetensors'));
  const [whole, resumed] = [join(folder, 'whole'), join(folder, 'resumed')];
  await pretrain({ config, out: whole, device, workers: 0, events: { onMessage: (text) => void messages.push(text) } });
  expect(messages.filter((text) => text.startsWith('sampling by labels: '))).toEqual([expect.stringMatching(/own labels|rule labeller/)]);
  const controller = new AbortController();
  const onStep = ({ stage, step }: { stage: number; step: number }): void => void (stage === 2 && step === 2 && controller.abort());
  await expect(pretrain({ config, out: resumed, device, workers: 0, events: { onStep }, signal: controller.signal })).rejects.toThrow('stopped in stage 2');
  await pretrain({ config, out: resumed, device, workers: 0, resume: true });
  expect(weights(resumed)).toEqual(weights(whole));
  const shuffled = join(folder, 'shuffled');
  await pretrain({ config: { ...config, sampling: 'shuffle' }, out: shuffled, device, workers: 0 });
  expect(weights(shuffled)).not.toEqual(weights(whole));
  await device.close();
});
