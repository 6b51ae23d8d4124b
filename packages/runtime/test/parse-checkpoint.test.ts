// A checkpoint's bytes, as a page fetches them, and its folder, as Node reads it, are one format with one set of messages.
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CheckpointBytes } from '@hybridmed/model';
import { parseCheckpoint } from '@hybridmed/model';
import { loadCheckpoint } from '@hybridmed/runtime';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { untrainedCheckpoint } from '../../../tools/support/checkpoint.ts';
import { temporaryFolder } from '../../../tools/support/phantoms.ts';

const { folder, remove } = temporaryFolder();
afterAll(remove);
const checkpoint = join(folder, 'checkpoint');
beforeAll(() => untrainedCheckpoint(checkpoint, ['No acute disease.', 'The heart is enlarged.']));

const bytesOf = (from: string): CheckpointBytes => {
  const read = (name: string) => new Uint8Array(readFileSync(join(from, name)));
  return { 'config.json': read('config.json'), 'tokenizer.json': read('tokenizer.json'), 'model.safetensors': read('model.safetensors') };
};

test('a checkpoint of bytes is the checkpoint of the folder', async () => {
  const [parsed, loaded] = [parseCheckpoint(checkpoint, bytesOf(checkpoint)), await loadCheckpoint(checkpoint)];
  expect(parsed.config).toEqual(loaded.config);
  expect(parsed.parameters).toEqual(loaded.parameters);
  expect(parsed.tokenizer.toJSON()).toEqual(loaded.tokenizer.toJSON());
});

test.each([
  ['config.json', '{"formatVersion": 7}'],
  ['config.json', 'null'],
  ['config.json', '{'],
  ['tokenizer.json', '{}'],
  ['tokenizer.json', '['],
  ['model.safetensors', 'short'],
] as const)('a damaged %s (%s) is the same one line for both', async (name, content) => {
  const damaged = join(folder, 'damaged');
  cpSync(checkpoint, damaged, { recursive: true });
  writeFileSync(join(damaged, name), content);
  const message = await loadCheckpoint(damaged).then(
    () => 'nothing',
    (error: Error) => error.message,
  );
  expect(message).toContain(join(damaged, name));
  expect(message).not.toContain('\n');
  expect(() => parseCheckpoint(damaged, bytesOf(damaged))).toThrow(message);
});
