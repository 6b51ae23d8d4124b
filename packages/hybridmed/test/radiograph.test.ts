import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openDataSet, readGrey } from '@hybridmed/data';
import { promptScores } from '@hybridmed/eval/protocols';
import { cpuDevice } from '@hybridmed/onnx';
import type { CheckpointBytes } from 'hybridmed/radiograph';
import { createExplainer, createImageScorer, parseCheckpoint, prepareRadiograph, shippedPrompts } from 'hybridmed/radiograph';
import { openSession } from 'hybridmed';
import { openModel, readImages, resolveCheckpoint } from 'hybridmed/node';
import { embedTexts, studyFeatures } from 'hybridmed/tasks';
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
  const page = openSession(device, parseCheckpoint(checkpoint, bytesOf(checkpoint)), 'checkpoint');
  const image = prepareRadiograph(page.info.image, await readGrey(file));

  const model = await openModel(checkpoint, { device });
  const { vectors } = await studyFeatures(model, [studies[0]!], 'embedding', { cache: false });
  const prompts = shippedPrompts['phantom']!;
  const scores = await createImageScorer(page).scores(image, prompts);
  expect(Object.keys(scores)).toEqual(Object.keys(prompts));
  for (const [name, { positive, negative }] of Object.entries(prompts)) {
    const [expected] = promptScores(vectors, { positive: await embedTexts(model, positive), negative: await embedTexts(model, negative) });
    expect(scores[name], name).toBeCloseTo(expected!, 5);
  }

  const [own, files] = [createExplainer(page), createExplainer(model)];
  const read = await readImages(model, [file]);
  expect((await own.maps(image, 'left effusion')).guided).toEqual((await files.maps(read, 'left effusion')).guided);
  expect(await page.generate({ image })).toEqual(await model.generate({ image: read }));
  for (const explainer of [own, files]) explainer.release();
  for (const session of [page, model]) await session.close();
  await device.close();
});
