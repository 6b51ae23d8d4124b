// Files of checkpoints, runs and exports as strangers may send them. HYBRIDMED_MUTATIONS=10000 with --testTimeout=1000000 tries as many of each.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeSafetensors } from '@hybridmed/nn';
import { readSafetensors, readTokenizer } from '@hybridmed/runtime';
import { readProvenance, readRunConfig } from '@hybridmed/runtime/run';
import { completeConfig } from '@hybridmed/runtime/settings';
import { trainWordPiece } from '@hybridmed/text';
import { afterAll, expect, test } from 'vitest';
import { holdsWhenMutated, mutationCount } from '../../../tools/support/mutations.ts';
import { temporaryFolder } from '../../../tools/support/phantoms.ts';
import { readTrainerState } from '../src/checkpoint/checkpoint-folder.ts';
import { readManifest } from '../src/export/exported-folder.ts';

const { folder, remove } = temporaryFolder();
afterAll(remove);

const split = { studies: 3, reports: 3, ids: 'a'.repeat(64) };
const identity = { studies: 3, order: 'b', texts: 'c', images: 'd' };
const data = {
  name: 'csv',
  spec: 'csv:x.csv',
  splits: { train: split, validate: split, test: split },
  dropped: { 'the view is not frontal': 2 },
  skipped: [{ id: 'a', reason: 'a.png: is empty', stage: 2, epoch: 1, step: 3 }],
  identity: { train: identity, validate: identity, test: identity },
};
const session = {
  started: '2030-01-01T00:00:00.000Z',
  ended: '2030-01-01T00:00:00.000Z',
  device: 'cpu',
  version: '0.1.0',
  data,
  sources: { stage1: 'e' },
  changes: [{ setting: 'learningRate', from: 1, to: 2, stage: 1, step: 2 }],
};
const graph = {
  file: 'vision/encoder.onnx',
  bytes: 10,
  inputs: { image: { dtype: 'f32', shape: ['B', 1, 32, 32] } },
  outputs: { tokens: { dtype: 'f32', shape: ['B', 5, 8] } },
  error: 1e-6,
};
const manifest = {
  exportVersion: 2,
  weights: 'a',
  preset: 'tiny',
  stage: 2,
  image: { size: 32, channels: 1, resize: 36, mean: 0.5, std: 0.5 },
  text: { findingsLength: 128, impressionLength: 48 },
  special: { pad: 0, unk: 1, cls: 2, sep: 3 },
  decoder: { vocabularySize: 60, width: 40, depth: 2, positions: 48 },
  logitScale: 2,
  parts: { vision: { opset: 17, precision: 'f32', graphs: { encoder: graph } } },
};
const tokenizer = trainWordPiece(['No acute cardiopulmonary abnormality.', 'Small left pleural effusion.'], { size: 60 });
const trainer = {
  stage: 2,
  epoch: 1,
  stepInEpoch: 2,
  step: 9,
  best: { value: 1.5, epoch: 1 },
  epochsSinceBest: 0,
  finished: false,
  metricsLines: 12,
  skipped: ['a'],
};
const tensors = {
  a: { shape: [2, 3], data: Float32Array.from({ length: 6 }, (_, i) => i) },
  b: { shape: [], data: Float32Array.of(1) },
  c: { shape: [4], data: Int32Array.of(1, 2, 3, 4) },
};

const formats: Readonly<Record<string, { readonly content: unknown; read(file: string): Promise<unknown> }>> = {
  'run.json': { content: completeConfig({ data: 'csv:x.csv', lora: ['text.*'] }), read: (file) => readRunConfig(join(file, '..')) },
  'trainer.json': { content: trainer, read: readTrainerState },
  'provenance.json': { content: { data, sessions: [session] }, read: (file) => readProvenance(join(file, '..')) },
  'export.json': { content: manifest, read: (file) => readManifest(join(file, '..')) },
  'tokenizer.json': { content: tokenizer.toJSON(), read: readTokenizer },
  'vocab.txt': { content: Buffer.from(`${tokenizer.tokens.join('\n')}\n`), read: readTokenizer },
  'model.safetensors': { content: Buffer.concat([...encodeSafetensors(tensors)]), read: readSafetensors },
};

test.each(Object.keys(formats))(`%s: ${mutationCount} mutations`, async (name) => {
  const { content, read } = formats[name]!;
  const file = join(folder, name.replace('.', '-'), name);
  mkdirSync(join(file, '..'));
  const bytes = Buffer.isBuffer(content) ? content : Buffer.from(JSON.stringify(content));
  writeFileSync(file, bytes);
  await read(file);
  await holdsWhenMutated(file, bytes, () => read(file));
  expect(readFileSync(file).equals(bytes)).toBe(true);
});
