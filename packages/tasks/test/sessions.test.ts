// Every task that takes an open model gives the same on a checkpoint and on its f32 export; what an export cannot do is refused in one line.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Study } from '@hybridmed/data';
import { openDataSet } from '@hybridmed/data';
import { partNames } from '@hybridmed/model';
import { cpuDevice } from '@hybridmed/onnx';
import type { OpenedModel } from '@hybridmed/runtime';
import { exportCheckpoint, openModel, readImages, readSafetensors } from '@hybridmed/runtime';
import { createExplainer, createImageScorer, possibleKinds, shippedPrompts } from '@hybridmed/tasks';
import {
  embedImagesToFile,
  embedTextsToFile,
  evaluate,
  explainImage,
  finetune,
  modelImages,
  modelTexts,
  probe,
  query,
  retrieve,
  scoreMaps,
  trainVqa,
  zeroShot,
} from '@hybridmed/tasks/node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { textsOf, variedCheckpoint } from '../../../tools/support/checkpoint.ts';
import { smallPhantoms, temporaryFolder } from '../../../tools/support/phantoms.ts';

const { folder, remove } = temporaryFolder();
const [checkpoint, exported] = [join(folder, 'checkpoint'), join(folder, 'exported')];
const device = cpuDevice({ threads: 1 });
let [own, theirs]: [OpenedModel, OpenedModel] = [undefined!, undefined!];
let data: string;
let studies: readonly Study[];

beforeAll(async () => {
  data = `phantom:${await smallPhantoms(folder)}`;
  ({ studies } = await openDataSet(data));
  await variedCheckpoint(checkpoint, textsOf(studies));
  await exportCheckpoint({ checkpoint, parts: partNames, out: exported });
  [own, theirs] = [await openModel(checkpoint, { device }), await openModel(exported, { device, threads: 1 })];
});
afterAll(async () => {
  await own.close();
  await theirs.close();
  await device.close();
  remove();
});

/** A document whose numbers may differ by 1e-5; who computed it, and its hash, are not compared. */
function closeTo(value: unknown): unknown {
  if (typeof value === 'number') return expect.closeTo(value, 4.7);
  if (Array.isArray(value)) return value.map(closeTo);
  if (ArrayBuffer.isView(value)) return closeTo(Array.from(value as Float64Array));
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([key]) => !['checkpoint', 'checkpointHash', 'device', 'source', 'out', 'index'].includes(key));
  return expect.objectContaining(Object.fromEntries(kept.map(([key, inner]) => [key, closeTo(inner)])));
}

/** Plain arrays for typed ones, as `closeTo` expects them. */
const plain = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_, inner: unknown) => (ArrayBuffer.isView(inner) ? Array.from(inner as Float64Array) : inner)));

/** What a task gives on both. */
async function sameOnBoth<T>(task: (model: OpenedModel, name: string) => Promise<T>): Promise<T> {
  const [a, b] = [await task(own, 'checkpoint'), await task(theirs, 'export')];
  expect(plain(b)).toEqual(closeTo(plain(a)));
  return a;
}

describe('the same on a checkpoint and on its export', () => {
  test('zero-shot classification', async () => {
    const report = await sameOnBoth((model) => zeroShot({ model, data, score: 'softmax', cache: false }));
    expect(report).toMatchObject({ checkpoint, device: own.info.device, studies: expect.any(Number) });
    expect((await zeroShot({ model: theirs, data, cache: false })).checkpointHash).toBe(await theirs.contentHash());
  });

  test('retrieval, and queries by words and by image', async () => {
    const report = await sameOnBoth((model) => retrieve({ model, data, cache: false }));
    expect(report.imageToReport!.queries).toBe(report.studies);
    await sameOnBoth((model, name) => query({ model, data, query: 'left pleural effusion', index: join(folder, `index-${name}`), cache: false }));
    await sameOnBoth((model, name) => query({ model, query: studies[0]!.image, gallery: 'reports', index: join(folder, `index-${name}`) }));
    await expect(query({ model: theirs, query: 'heart', index: join(folder, 'index-checkpoint') })).rejects.toThrow('was made with another checkpoint');
  });

  test('the linear probe, with features from a cache or not', async () => {
    const options = { data, percent: [100], seeds: [0], cache: join(folder, 'cache') };
    const first = await sameOnBoth((model, name) => probe({ model, ...options, out: join(folder, `probe-${name}`) }));
    const again = await probe({ model: theirs, ...options, out: join(folder, 'probe-again') });
    expect(plain(again)).toEqual(closeTo(plain(first)));
  });

  test('features in files', async () => {
    const images = studies.slice(0, 3).map(({ image }) => image);
    const texts = studies.slice(0, 3).map(({ findings }) => findings);
    const files = await sameOnBoth(async (model, name) => {
      const [text, image] = [join(folder, `texts-${name}`), join(folder, `images-${name}`)];
      const shapes = [
        (await embedTextsToFile(modelTexts(model), texts, { out: text })).shapes,
        (await embedImagesToFile(modelImages(model), images, { out: image })).shapes,
      ];
      return { shapes, text: (await readSafetensors(text)).arrays, image: (await readSafetensors(image)).arrays };
    });
    expect(files.shapes[1]).toEqual({ tokens: [3, 16, 48], mask: [3, 16], global: [3, 48] });
  });

  test('an evaluation, except who computed it', async () => {
    const report = await sameOnBoth((model) => evaluate({ model, data, limit: 6, device }));
    expect(report.retrieval!.queries).toBe(6);
    expect(report.device).toBe(device.info.name);
    expect((await evaluate({ model: theirs, data, limit: 2, device })).device).toBe(`${theirs.info.device}, losses by ${device.info.name}`);
  });

  test('scores of one image', async () => {
    const image = await readImages(own, [studies[0]!.image]);
    await sameOnBoth((model) => createImageScorer(model).scores(image, shippedPrompts.phantom!));
  });

  test('maps of removal and of words over patches, as pictures and as scores', async () => {
    const image = await readImages(own, [studies[1]!.image]);
    const maps = await sameOnBoth((model) => createExplainer(model, { kinds: ['removal', 'alignment'] }).maps(image, 'left pleural effusion'));
    expect(Math.max(...maps.removal!.values)).toBeGreaterThan(0);
    expect(maps.alignment!.words.map(({ word }) => word)).toEqual(['left', 'pleural', 'effusion']);
    expect(maps.alignment!.whole.values.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5);
    expect(possibleKinds(theirs)).toEqual(['removal', 'alignment']);
    const explained = await explainImage({ model: theirs, image: studies[1]!.image, text: 'effusion', out: join(folder, 'explained') });
    expect(explained.maps.map(({ file }) => file)).toEqual(['removal.png']);
    expect(JSON.parse(readFileSync(join(folder, 'explained/explain.json'), 'utf8'))).toEqual(explained);
    await sameOnBoth((model) => scoreMaps({ model, data, kinds: ['removal', 'alignment'], limit: 2 }));
  });
});

describe('what an export cannot do is one line', () => {
  test.each(['guided', 'gradient', 'attention', 'cls'] as const)('maps of kind %s', (kind) => {
    expect(() => createExplainer(theirs, { kinds: [kind] })).toThrow(
      `${exported}: holds exported graphs; a map of kind "${kind}" needs a checkpoint, or a run's folder`,
    );
  });

  test('training', async () => {
    const out = join(folder, 'none');
    await expect(finetune({ model: theirs, data, out })).rejects.toThrow('fine-tuning needs a checkpoint');
    await expect(trainVqa({ model: theirs, data, out })).rejects.toThrow('training visual question answering needs a checkpoint');
  });
});
