// Label supervision of images in a run: stage 0, its labels in the checkpoint, what resuming refuses, and what stage 2 takes of it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSafetensors } from '@hybridmed/nn';
import { exportCheckpoint, loadCheckpoint } from '@hybridmed/runtime';
import { openDevice } from '@hybridmed/runtime/device';
import { pretrain } from '@hybridmed/runtime/run';
import type { RunOptions } from '@hybridmed/runtime/settings';
import { completeConfig } from '@hybridmed/runtime/settings';
import type { Device } from '@hybridmed/tensor';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { smallPhantoms, temporaryFolder } from '../../../tools/support/phantoms.ts';

const { folder, remove } = temporaryFolder();
afterAll(remove);

let device: Device;
let data: string;
beforeAll(async () => {
  device = (await openDevice('cpu', { threads: 1 })).device;
  data = `phantom:${await smallPhantoms(folder)}`;
});
afterAll(() => device.close());

const at = (name: string, ...more: string[]) => join(folder, name, 'checkpoints', ...more);
const bytes = (name: string, file: string) => readFileSync(at(name, file));
const stage0: Partial<RunOptions> = { preset: 'tiny', epochs: [3, 0, 0], labels: 'report', checkpointEvery: 2 };
const run = (name: string, settings: Partial<RunOptions> = {}, more: object = {}) =>
  pretrain({ config: completeConfig({ data, ...stage0, ...settings }), out: join(folder, name), device, workers: 0, ...more });

function metrics(name: string) {
  const lines = readFileSync(join(folder, name, 'metrics.jsonl'), 'utf8')
    .trim()
    .split('\n');
  return lines.map((line) => JSON.parse(line) as { stage: number; losses?: Record<string, number | null>; validation?: Record<string, number | null> });
}

test('stage 0 trains the image encoder and its head alone, reads no text, and its labels stand in the checkpoint', { timeout: 120_000 }, async () => {
  const messages: string[] = [];
  const result = await run('images', {}, { events: { onMessage: (text: string) => messages.push(text) } });
  expect(result.checkpoint).toBe(at('images', 'stage0-best'));
  expect(messages.filter((line) => line.startsWith('labels left out'))).toHaveLength(1);
  const { config, parameters } = await loadCheckpoint(result.checkpoint);
  expect(config.stage).toBe(0);
  expect(config.model.losses).toEqual(['lab']);
  const { columns, logOdds, doubtful } = config.model.labels!;
  expect(columns.length).toBeGreaterThan(2);
  expect(columns.every((column) => column.startsWith('report: '))).toBe(true);
  expect([logOdds.length, doubtful]).toEqual([columns.length, 'mask']);
  expect(parameters['lab.weight']!.data.some((value) => value !== 0)).toBe(true);
  const lines = metrics('images');
  expect(lines.flatMap(({ losses }) => (losses ? [losses.lab!] : [])).every((value) => value > 0)).toBe(true);
  expect(lines.every(({ losses }) => !losses || losses.cap === null)).toBe(true);
  const moments = parseSafetensors(bytes('images', 'stage0-last/optimizer.safetensors'), '').arrays;
  expect(Object.keys(moments).every((name) => /\.(vision|lab)\./.test(`.${name}`))).toBe(true);
});

test('a run that is interrupted in stage 0 resumes with the same bits; other labels or another policy are refused', { timeout: 120_000 }, async () => {
  const events = {
    onStep({ step }: { step: number }) {
      if (step === 5) throw new Error('stopped on purpose');
    },
  };
  await expect(run('broken', {}, { events })).rejects.toThrow('stopped on purpose');
  await expect(run('broken', { labels: 'both' }, { resume: true })).rejects.toThrow(/run\.json: "labels" is "report", this command says "both"/);
  await expect(run('broken', { doubtful: 1 }, { resume: true })).rejects.toThrow(/run\.json: "doubtful" is "mask", this command says 1/);
  await run('broken', {}, { resume: true });
  for (const file of ['stage0-last/model.safetensors', 'stage0-last/optimizer.safetensors', 'stage0-best/model.safetensors', 'stage0-best/config.json'])
    expect(bytes('broken', file).equals(bytes('images', file)), file).toBe(true);
});

test('stage 2 begins with the image stage of another run and its labels, and leaves the head where that has no weight', { timeout: 120_000 }, async () => {
  const from = join(folder, 'images');
  await expect(run('other', { stage0: from, epochs: [1, 1], labels: 'both' })).rejects.toThrow(
    /trained by labels of report, doubtful ones mask; this command says report and impression/,
  );
  await run('frozen', { stage0: from, epochs: [1, 1], steps: [2, 2], freeze: ['vision.*'] });
  const [images, end] = [await loadCheckpoint(at('images', 'stage0-best')), await loadCheckpoint(at('frozen', 'stage2-best'))];
  expect(end.config.model.labels).toEqual(images.config.model.labels);
  const kept = Object.keys(images.parameters).filter((name) => name.startsWith('vision.') || name.startsWith('lab.'));
  for (const name of kept) expect(end.parameters[name]!.data, name).toEqual(images.parameters[name]!.data);
  await run('weighted', { stage0: from, epochs: [0, 1], steps: [0, 2], lab: 0.5 });
  const weighted = await loadCheckpoint(at('weighted', 'stage2-best'));
  expect(weighted.parameters['lab.weight']!.data).not.toEqual(images.parameters['lab.weight']!.data);
  expect(metrics('weighted').every(({ losses }) => !losses || typeof losses.lab === 'number')).toBe(true);
});

test('three numbers add stage 0 to a run of its own, whose log has all stages', { timeout: 120_000 }, async () => {
  await run('whole', { epochs: [1, 1, 1], steps: [2, 2, 2], stages: { 2: { freeze: ['vision.*', 'text.*'] } } });
  expect([...new Set(metrics('whole').map(({ stage }) => stage))]).toEqual([0, 1, 2]);
  // What stage 2 does not train shows where it began: with the best of both stages before it.
  const [images, texts, end] = await Promise.all(['stage0-best', 'stage1-best', 'stage2-best'].map((name) => loadCheckpoint(at('whole', name))));
  for (const [name, { data: values }] of Object.entries(end!.parameters)) {
    if (/^(vision|lab)\./.test(name)) expect(values, name).toEqual(images!.parameters[name]!.data);
    if (name.startsWith('text.')) expect(values, name).toEqual(texts!.parameters[name]!.data);
  }
  expect(texts!.parameters['lab.weight']!.data.every((value) => value === 0)).toBe(true);
  const { manifest } = { manifest: await exportCheckpoint({ checkpoint: join(folder, 'whole'), parts: ['vision'], out: join(folder, 'export') }) };
  expect(manifest.labels!.columns.length).toBe(manifest.lossParameters!['lab.bias']!.values.length);
  await expect(exportCheckpoint({ checkpoint: at('whole', 'stage0-best'), parts: ['caption'], out: join(folder, 'refused') })).rejects.toThrow(
    'is of stage 0, whose image branch is not trained; name a stage-2 checkpoint, or export vision',
  );
});

test('where no label has reports enough, one line says so', async () => {
  await expect(run('few', { limit: 8, batch: 4 })).rejects.toThrow('no label has training reports enough on either side');
});
