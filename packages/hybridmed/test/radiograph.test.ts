import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openDataSet, readGrey } from '@hybridmed/data';
import { promptScores } from '@hybridmed/eval/protocols';
import { cpuDevice } from '@hybridmed/onnx';
import type { CheckpointBytes } from 'hybridmed/radiograph';
import { createExplainer, createImageScorer, parseCheckpoint, prepareRadiograph, shippedPrompts } from 'hybridmed/radiograph';
import { loadCheckpoint, resolveCheckpoint } from 'hybridmed/node';
import { openEncoder } from 'hybridmed/tasks';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openExplainer } from '../../tasks/src/explain/file-explainer.ts';
import { temporaryFolder } from '../../../tools/support/phantoms.ts';
import { trainedPhantoms } from './support/trained.ts';

const { folder, remove } = temporaryFolder();
afterAll(remove);
let phantoms: string;
let checkpoint: string;

beforeAll(async () => {
  const made = await trainedPhantoms(folder);
  phantoms = made.phantoms;
  checkpoint = await resolveCheckpoint(made.trained);
});

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
  const said = await loadCheckpoint(damaged).then(
    () => 'nothing',
    (error: Error) => error.message,
  );
  expect(said).toContain(join(damaged, name));
  expect(said).not.toContain('\n');
  expect(() => parseCheckpoint(damaged, bytesOf(damaged))).toThrow(said);
});

test('from grey pixels: the scores of zeroshot and the maps of explain', async () => {
  const device = cpuDevice({ threads: 1 });
  const { studies } = await openDataSet(`phantom:${phantoms}`);
  const film = studies[0]!.image;
  const parsed = parseCheckpoint(checkpoint, bytesOf(checkpoint));
  const image = prepareRadiograph({ ...parsed.model.vision.image, resize: parsed.config.input.resize }, await readGrey(film));
  const state = device.createState(parsed.parameters);

  const encoder = await openEncoder({ checkpoint, device, cache: false });
  const { embedding } = await encoder.images([studies[0]!]);
  const prompts = shippedPrompts['phantom']!;
  const scorer = await createImageScorer(device, state, parsed);
  const scores = await scorer.scores(image, prompts);
  expect(Object.keys(scores)).toEqual(Object.keys(prompts));
  for (const [name, { positive, negative }] of Object.entries(prompts)) {
    const [expected] = promptScores(embedding, { positive: await encoder.texts(positive), negative: await encoder.texts(negative) });
    expect(scores[name], name).toBeCloseTo(expected!, 5);
  }
  scorer.release();
  encoder.close();

  const [own, files] = [await createExplainer(device, state, { folder: checkpoint, ...parsed }), await openExplainer(checkpoint, device)];
  expect((await own.maps(image, 'left effusion')).guided).toEqual((await files.maps(film, 'left effusion')).guided);
  expect(await own.impression(image)).toBe(await files.impression(film));
  own.release();
  files.close();
  await device.close();
});
