import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import type { Study } from '@hybridmed/data';
import { openDataSet } from '@hybridmed/data';
import { openModel } from '@hybridmed/runtime';
import { openDevice } from '@hybridmed/runtime/device';
import type { ImageVector } from '@hybridmed/tasks/node';
import { studyFeatures } from '@hybridmed/tasks/node';
import type { Device } from '@hybridmed/tensor';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { textsOf, untrainedCheckpoint } from '../../../tools/support/checkpoint.ts';
import { smallPhantoms, temporaryFolder } from '../../../tools/support/phantoms.ts';

const { folder, remove } = temporaryFolder();
const cache = join(folder, 'features');
let device: Device;
let checkpoint: string;
let studies: readonly Study[];

beforeAll(async () => {
  studies = (await openDataSet(`phantom:${await smallPhantoms(folder)}`)).studies.slice(0, 12);
  checkpoint = join(folder, 'checkpoint');
  await untrainedCheckpoint(checkpoint, textsOf(studies));
  ({ device } = await openDevice('cpu', { threads: 1 }));
});
afterAll(async () => {
  await device.close();
  remove();
});

/** Features, and how many images were encoded for them. */
async function encode(of: readonly Study[], from = checkpoint, cacheFolder: string | false = cache, output: ImageVector = 'embedding') {
  let encoded = 0;
  const messages: string[] = [];
  const model = await openModel(from, { device });
  const options = { cache: cacheFolder, onProgress: (done: number) => (encoded = done), onMessage: (text: string) => messages.push(text) };
  try {
    const { studies: readable, vectors: embedding } = await studyFeatures(model, of, output, options);
    return { studies: readable, embedding, encoded, messages };
  } finally {
    await model.close();
  }
}

test('are computed once and cached, the same to the bit', async () => {
  const first = await encode(studies);
  expect(first.encoded).toBe(12);
  expect(first.embedding.shape).toEqual([12, 16]);
  const again = await encode(studies);
  expect(again.encoded).toBe(0);
  expect(again.embedding).toEqual(first.embedding);
  // Both vectors of an image come from one pass, and are kept together.
  const global = await encode(studies, checkpoint, cache, 'global');
  expect([global.encoded, global.embedding.shape]).toEqual([0, [12, 48]]);
});

test('embeddings are unit vectors, row by row those of each image alone', async () => {
  const { embedding } = await encode(studies);
  const alone = await encode([studies[7]!], checkpoint, false);
  expect(alone.encoded).toBe(1);
  alone.embedding.data.forEach((value, i) => expect(value).toBeCloseTo(embedding.data[7 * 16 + i]!, 5));
  for (let row = 0; row < 12; row++) expect(Math.hypot(...embedding.data.subarray(row * 16, (row + 1) * 16))).toBeCloseTo(1, 5);
});

test('a changed checkpoint never meets an old cache', async () => {
  const before = await encode(studies);
  const changed = join(folder, 'changed');
  await cp(checkpoint, changed, { recursive: true });
  const file = join(changed, 'model.safetensors');
  const bytes = readFileSync(file);
  // The last weights of the file are the vision encoder's.
  bytes.writeFloatLE(bytes.readFloatLE(bytes.length - 4) + 0.5, bytes.length - 4);
  writeFileSync(file, bytes);
  const after = await encode(studies, changed);
  expect(after.encoded).toBe(12);
  expect(after.embedding.data).not.toEqual(before.embedding.data);
  expect((await encode(studies)).embedding).toEqual(before.embedding);
});

test('a changed image never meets an old cache; another name for the same image does', async () => {
  await encode(studies);
  const copy = join(folder, 'copy.png');
  writeFileSync(copy, readFileSync(studies[0]!.image));
  const renamed = studies.map((study, i) => (i === 0 ? { ...study, image: copy } : study));
  expect((await encode(renamed)).encoded).toBe(0);
  writeFileSync(copy, readFileSync(studies[1]!.image));
  const changed = await encode(renamed);
  expect(changed.encoded).toBe(12);
  expect(changed.embedding.data.subarray(0, 16)).toEqual(changed.embedding.data.subarray(16, 32));
});

test('a damaged file of the cache is computed anew', async () => {
  const own = join(folder, 'damaged');
  const first = await encode(studies, checkpoint, own);
  for (const name of readdirSync(own)) writeFileSync(join(own, name), readFileSync(join(own, name)).subarray(0, 300));
  const again = await encode(studies, checkpoint, own);
  expect(again.encoded).toBe(12);
  expect(again.embedding).toEqual(first.embedding);
});

test("where the user's cache folder cannot be made features are used all the same; a folder that was named must serve", async () => {
  const file = join(folder, 'no-folder');
  writeFileSync(file, '');
  await expect(encode(studies, checkpoint, file)).rejects.toThrow('no-folder');
  vi.stubEnv('XDG_CACHE_HOME', file);
  const messages: string[] = [];
  const model = await openModel(checkpoint, { device });
  const features = await studyFeatures(model, studies, 'embedding', { onMessage: (text) => messages.push(text) });
  expect(features.studies).toHaveLength(studies.length);
  await model.close();
  vi.unstubAllEnvs();
  expect(messages).toEqual([expect.stringMatching(/^features are not kept: .*no-folder.*--cache/)]);
});

test('an image that cannot be read is reported and left out', async () => {
  const broken = join(folder, 'broken.png');
  writeFileSync(broken, 'no image');
  const features = await encode([studies[0]!, { ...studies[1]!, id: 'broken', image: broken }, studies[2]!], checkpoint, false);
  expect(features.studies.map(({ id }) => id)).toEqual([studies[0]!.id, studies[2]!.id]);
  expect(features.messages.join()).toContain(broken);
  await expect(encode([{ ...studies[1]!, image: broken }], checkpoint, false)).rejects.toThrow('no image can be read');
});
