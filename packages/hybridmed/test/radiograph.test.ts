import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openDataSet, readGrey } from '@hybridmed/data';
import { promptScores } from '@hybridmed/eval/protocols';
import { cpuDevice } from '@hybridmed/onnx';
import type { CheckpointBytes } from 'hybridmed/radiograph';
import { createExplainer, createImageScorer, parseCheckpoint, prepareRadiograph, shippedPrompts } from 'hybridmed/radiograph';
import { resolveCheckpoint } from 'hybridmed/node';
import { openExplainer } from '@hybridmed/tasks/node';
import { openEncoder } from 'hybridmed/tasks';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { temporaryFolder } from '../../../tools/support/phantoms.ts';
import { trainedPhantoms } from './support/trained.ts';

const { folder, remove } = temporaryFolder();
afterAll(remove);
let phantoms: string;
let checkpoint: string;

beforeAll(async () => {
  const { phantoms: set, trained } = await trainedPhantoms(folder);
  phantoms = set;
  checkpoint = await resolveCheckpoint(trained);
});

const bytesOf = (from: string): CheckpointBytes => {
  const read = (name: string) => new Uint8Array(readFileSync(join(from, name)));
  return { 'config.json': read('config.json'), 'tokenizer.json': read('tokenizer.json'), 'model.safetensors': read('model.safetensors') };
};

test('from grey pixels: the scores of zeroshot and the maps of explain', async () => {
  const device = cpuDevice({ threads: 1 });
  const { studies } = await openDataSet(`phantom:${phantoms}`);
  const file = studies[0]!.image;
  const parsed = parseCheckpoint(checkpoint, bytesOf(checkpoint));
  const image = prepareRadiograph({ ...parsed.model.vision.image, resize: parsed.config.input.resize }, await readGrey(file));
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
  expect((await own.maps(image, 'left effusion')).guided).toEqual((await files.maps(file, 'left effusion')).guided);
  expect(await own.impression(image)).toBe(await files.impression(file));
  own.release();
  files.close();
  await device.close();
});
