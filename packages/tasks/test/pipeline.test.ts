// Pipelines give the figures of the sessions and tasks that they are a face of, for one input or many, and say what is wrong before anything runs.
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Study } from '@hybridmed/data';
import { openDataSet, readGrey } from '@hybridmed/data';
import { exportCheckpoint, openModel, readImages, readSafetensors } from '@hybridmed/runtime';
import type { OpenedModel } from '@hybridmed/runtime';
import { cpuDevice } from '@hybridmed/onnx';
import { createExplainer, overImage, shippedPrompts } from '@hybridmed/tasks';
import { embedImagesToFile, embedTextsToFile, evaluateVqa, modelImages, modelTexts, query, studyFeatures, trainVqa, zeroShot } from '@hybridmed/tasks/node';
import type { Pipeline } from '@hybridmed/tasks/pipeline/node';
import { pipeline, pipelineTasks } from '@hybridmed/tasks/pipeline/node';
import { promptScores } from '@hybridmed/eval/protocols';
import { afterAll, beforeAll, describe, expect, expectTypeOf, test } from 'vitest';
import { textsOf, untrainedCheckpoint, variedCheckpoint } from '../../../tools/support/checkpoint.ts';
import { smallPhantoms, temporaryFolder } from '../../../tools/support/phantoms.ts';

const { folder, remove } = temporaryFolder();
const checkpoint = join(folder, 'checkpoint');
const device = cpuDevice({ threads: 1 });
const options = { device };
let model: OpenedModel;
let data: string;
let studies: readonly Study[];
let [first, second, third]: string[] = [];

beforeAll(async () => {
  data = `phantom:${await smallPhantoms(folder)}`;
  ({ studies } = await openDataSet(data));
  await variedCheckpoint(checkpoint, textsOf(studies));
  model = await openModel(checkpoint, options);
  [first, second, third] = studies.map(({ image }) => image);
});
afterAll(async () => {
  await model.close();
  await device.close();
  remove();
});

/** Expects numbers within 1e-5: batches of other sizes round otherwise. */
const near = (values: ArrayLike<number>) => Array.from(values, (value) => expect.closeTo(value, 4.7));

describe('a pipeline gives what its task gives', () => {
  test('impression: what generate writes, its tokens as they are chosen, and what beam search writes', async () => {
    const write = await pipeline('impression', checkpoint, options);
    const images = [first!, second!, third!];
    // Sampled, since this model's most likely texts are alike.
    const search = { kind: 'nucleus', p: 0.95, temperature: 1, seed: 4 } as const;
    const expected = await model.generate({ image: await readImages(model, images) }, { search });
    const streamed: string[][] = [[], [], []];
    const many = await write(images, { search, onToken: ({ input, text }) => streamed[input]!.push(text) });
    expect(many).toEqual(expected.map(({ score, ...rest }) => ({ ...rest, score: expect.closeTo(score, 4) })));
    expect(new Set(many.map(({ text }) => text)).size).toBeGreaterThan(1);
    streamed.forEach((texts, i) => {
      expect(texts).toHaveLength(many[i]!.ids!.length);
      expect(texts.at(-1)).toBe(many[i]!.text);
    });
    const one = await write(first!);
    expect(one.ids).toEqual((await model.generate({ image: await readImages(model, [first!]) }))[0]!.ids);
    // The same image as a URL, as bytes, and as pixels.
    for (const image of [pathToFileURL(first!), new Uint8Array(readFileSync(first!)), await readGrey(first!)])
      expect((await write(image)).ids).toEqual(one.ids);
    const beam = await write(first!, { search: { kind: 'beam', width: 3 } });
    expect(beam.others).toHaveLength(2);
    await write.close();
  });

  test('summarization: what generate makes of findings, more than a batch of them', async () => {
    const summarize = await pipeline('summarization', model);
    const texts = studies.slice(0, 18).map(({ findings }) => findings);
    const all = await summarize(texts);
    expect(all.map(({ text }) => text)).toEqual([
      ...(await model.generate({ findings: texts.slice(0, 16) })).map(({ text }) => text),
      ...(await model.generate({ findings: texts.slice(16) })).map(({ text }) => text),
    ]);
    const places: number[] = [];
    await summarize(texts, { onToken: ({ input }) => places.push(input) });
    expect(Math.max(...places)).toBe(17);
    await summarize.close();
    // The session is the caller's.
    expect((await model.generate({ findings: [texts[0]!] }))[0]!.text).toBe(all[0]!.text);
  });

  test('zero-shot-image-classification: the scores of zeroshot', async () => {
    const classify = await pipeline('zero-shot-image-classification', checkpoint, options);
    const result = await classify(first!, 'phantom');
    expect(result.map(({ score }) => score)).toEqual(result.map(({ score }) => score).toSorted((a, b) => b - a));
    const { vectors } = await studyFeatures(model, [studies[0]!], 'embedding', { cache: false });
    const vectorsOf = async (texts: readonly string[]) => (await model.textFeatures(texts, ['embedding'])).embedding as typeof vectors;
    for (const [name, { positive, negative }] of Object.entries(shippedPrompts.phantom!)) {
      const pair = { positive: await vectorsOf(positive), negative: await vectorsOf(negative) };
      const own = result.find(({ label }) => label === name)!;
      expect([own.score, own.probability]).toEqual(
        near([promptScores(vectors, pair)[0]!, promptScores(vectors, pair, { score: 'softmax', scale: Math.exp(model.info.logitScale) })[0]!]),
      );
    }
    // One and many, names of classes, and the accuracy that zeroshot reports by the order of scores.
    const names = ['Cardiomegaly', 'Pleural Effusion'];
    const [a, b] = await classify([first!, second!], names);
    expect(await classify(first!, names)).toEqual(a);
    expect(b!.map(({ label }) => label).toSorted()).toEqual(names);
    await expect(classify(first!, ['cardiomegali'])).rejects.toThrow('"cardiomegali" is no class of a shipped prompt set; is it "');
    await expect(classify(first!, 'chexpart')).rejects.toThrow('is it "chexpert"?');
    await classify.close();
  });

  test('zero-shot: the AUC of its scores over a split is that of zeroshot', async () => {
    const classify = await pipeline('zero-shot-image-classification', model);
    const report = await zeroShot({ model, data, cache: false });
    const split = studies.filter((study) => study.split === 'test');
    const [name] = Object.entries(report.classes).find(([, { auc }]) => auc !== undefined)!;
    const results = await classify(
      split.map(({ image }) => image),
      { [name]: report.prompts[name]! },
    );
    const scored = results.map(([own], i) => ({ score: own!.score, label: split[i]!.labels?.[name] }));
    const [positive, negative] = [1, 0].map((label) => scored.filter((each) => each.label === label).map(({ score }) => score)) as [number[], number[]];
    const wins = positive.flatMap((p) => negative.map((n): number => (p > n ? 1 : p === n ? 0.5 : 0)));
    const auc = wins.reduce((sum, win) => sum + win, 0) / wins.length;
    expect(auc).toBeCloseTo(report.classes[name]!.auc!.value, 6);
  });

  test('feature extraction of images and texts: what embed writes', async () => {
    const [imagesOut, textsOut] = [join(folder, 'images.safetensors'), join(folder, 'texts.safetensors')];
    const texts = studies.slice(0, 3).map(({ findings }) => findings);
    await embedImagesToFile(modelImages(model), [first!, second!], { out: imagesOut });
    await embedTextsToFile(modelTexts(model), texts, { out: textsOut });
    const extract = await pipeline('image-feature-extraction', checkpoint, options);
    const ofImages = (await readSafetensors(imagesOut)).arrays;
    const globals = await extract([first!, second!]);
    expect(globals.flatMap(({ data: values }) => [...values])).toEqual(near(ofImages.global!.data));
    expect((await extract(second!, { output: 'tokens' })).shape).toEqual(ofImages.tokens!.shape.slice(1));
    expect((await extract(first!, { output: 'embedding' })).data).toHaveLength(
      (await model.imageFeatures(await readImages(model, [first!]), ['embedding'])).embedding.shape[1]!,
    );
    const read = await pipeline('feature-extraction', checkpoint, options);
    const { global, tokens, mask } = (await readSafetensors(textsOut)).arrays;
    expect((await read(texts)).flatMap(({ data: values }) => [...values])).toEqual(near(global!.data));
    const [, length, width] = tokens!.shape as [number, number, number];
    const own = await read(texts, { output: 'tokens' });
    own.forEach(({ data: values, shape }, row) => {
      const real = Array.from(mask!.data.subarray(row * length, (row + 1) * length)).reduce((a, b) => a + b, 0);
      expect(shape).toEqual([real, width]);
      expect([...values]).toEqual(near(tokens!.data.subarray(row * length * width, (row * length + real) * width)));
    });
    const embedded = (await model.textFeatures(['left pleural effusion'], ['embedding'])).embedding.data;
    expect([...(await read('left pleural effusion', { output: 'embedding' })).data]).toEqual(near(embedded));
    for (const each of [extract, read]) await each.close();
  });

  test('image-text-retrieval: the studies that retrieve finds, in both directions', async () => {
    const find = await pipeline('image-text-retrieval', checkpoint, options);
    const images = studies.map(({ image }) => image);
    const { nearest } = await query({ model, data, query: 'left pleural effusion', cache: false });
    const found = await find({ text: 'left pleural effusion' }, { images }, { count: 5 });
    expect(found.map(({ image, score }) => ({ image, score }))).toEqual(
      nearest.map(({ image, similarity }) => ({ image, score: expect.closeTo(similarity, 4.7) })),
    );
    const texts = [...new Set(studies.map(({ impression }) => impression))];
    const byImage = await query({ model, data, query: first!, gallery: 'reports', cache: false, count: 3 });
    const [forFirst, forSecond] = await find({ images: [first!, second!] }, { texts });
    expect(forFirst!.slice(0, 3).map(({ text }) => text)).toEqual(byImage.nearest.map(({ impression }) => impression));
    expect(forSecond).toHaveLength(texts.length);
    expect(await find({ image: first! }, { texts }, { count: 1 })).toEqual([{ ...forFirst![0], score: expect.closeTo(forFirst![0]!.score, 4.7) }]);
    await expect(find({ text: 'heart' }, { texts } as never)).rejects.toThrow('search texts by images, or images by texts');
    await expect(find({ text: 'heart' }, { images: [] })).rejects.toThrow('there is nothing to search');
    await find.close();
  });

  test('explain: the maps of explain, over the image', async () => {
    const explain = await pipeline('explain', checkpoint, options);
    const { image, maps, text } = await explain(first!, 'left effusion', { kinds: ['removal', 'alignment'] });
    expect(text).toBe('left effusion');
    const explainer = createExplainer(model, { kinds: ['removal', 'alignment'] });
    const expected = await explainer.maps(await readImages(model, [first!]), 'left effusion');
    explainer.release();
    expect(maps.map(({ kind, word }) => [kind, word])).toEqual([
      ['removal', undefined],
      ['alignment', undefined],
      ['alignment', 'left'],
      ['alignment', 'effusion'],
    ]);
    const spread = overImage(expected.removal!, image, model.info.image, model.info.image.size);
    expect(maps[0]!.map).toEqual({ ...spread, values: expect.anything() });
    expect([...maps[0]!.map.values]).toEqual([...spread.values].map((value) => (Number.isNaN(value) ? Number.NaN : expect.closeTo(value, 4.7))));
    expect((await explain([first!, second!], 'effusion')).map(({ maps: [map] }) => map!.kind)).toEqual(['guided', 'guided']);
    await explain.close();
  });
});

describe('visual-question-answering', () => {
  const set = join(folder, 'vqa');
  beforeAll(() => {
    mkdirSync(set);
    cpSync(join(folder, 'phantoms/images'), join(set, 'images'), { recursive: true });
    const rows = studies.slice(0, 24).map(({ image }, i) => ({
      qid: i,
      phrase_type: i % 4 === 0 ? 'test_freeform' : 'freeform',
      image_case_url: `https://example.org/${i}`,
      image_name: image.split('/').at(-1),
      question: i % 3 === 0 ? 'What is the side of the heart?' : 'Is there a pleural effusion?',
      question_frame: 'NULL',
      question_type: i % 3 === 0 ? 'POS' : 'PRES',
      answer: i % 3 === 0 ? 'left side' : i % 2 === 0 ? 'Yes' : 'No',
      answer_type: i % 3 === 0 ? 'OPEN' : 'CLOSED',
    }));
    writeFileSync(join(set, 'VQA_RAD Dataset Public.json'), JSON.stringify(rows));
  });

  test.each(['classify', 'generate'] as const)('gives the answers of vqa evaluate (%s)', async (mode) => {
    const out = join(folder, `answers-${mode}`);
    await trainVqa({ model, data: `vqa-rad:${set}`, out, mode, epochs: 2, batch: 8 });
    const { examples } = await evaluateVqa({ model: out, device });
    const { questions = [] } = await openDataSet(`vqa-rad:${set}`, { need: 'questions' });
    const answer = await pipeline('visual-question-answering', out, options);
    for (const { id, question, model: expected } of examples) {
      const given = await answer(questions.find((each) => each.id === id)!.image, question);
      expect(given.answer).toBe(expected);
      if (mode === 'classify') expect(given.probability).toBeGreaterThan(1 / 3 - 1e-6);
      else expect(given).not.toHaveProperty('probability');
    }
    expect(await answer([first!, second!], 'Is there a pleural effusion?')).toHaveLength(2);
    await answer.close();
    await expect(pipeline('impression', out, options)).rejects.toThrow(
      `${out}: holds a model of visual question answering; the task "impression" needs a checkpoint of stage 2`,
    );
  });
});

describe('what is wrong is one line, before anything runs', () => {
  test('a task that there is not, with the nearest name', async () => {
    await expect(pipeline('summarisation' as 'summarization', checkpoint, options)).rejects.toThrow('there is no task "summarisation"; is it "summarization"?');
    await expect(pipeline('toString' as 'explain', checkpoint, options)).rejects.toThrow('The tasks are impression, summarization');
  });

  test('a folder of another kind', async () => {
    const [firstStage, exported] = [join(folder, 'stage-1'), join(folder, 'exported')];
    await untrainedCheckpoint(firstStage, textsOf(studies), { stage: 1 });
    await exportCheckpoint({ checkpoint, parts: ['caption'], out: exported });
    await expect(pipeline('impression', firstStage, options)).rejects.toThrow('is of stage 1, whose image branch is not trained');
    await expect(pipeline('image-text-retrieval', exported, options)).rejects.toThrow('has no exported "align" (it has caption)');
    await expect(pipeline('visual-question-answering', checkpoint, options)).rejects.toThrow(
      `${checkpoint}: holds no model of visual question answering; the task "visual-question-answering" needs the --out folder of \`hybridmed vqa train\``,
    );
    await expect(pipeline('visual-question-answering', model as never)).rejects.toThrow('is no model of visual question answering');
    await expect(pipeline('explain', join(folder, 'none'), options)).rejects.toThrow('none');
    const write = await pipeline('impression', exported, options);
    expect((await write(first!)).ids).toEqual((await model.generate({ image: await readImages(model, [first!]) }))[0]!.ids);
    await write.close();
  });

  test('an image that cannot be read, by its name', async () => {
    const write = await pipeline('impression', model);
    await expect(write(join(folder, 'none.png'))).rejects.toThrow('none.png');
    await expect(write(Uint8Array.of(1, 2, 3))).rejects.toThrow('image: is neither JPEG, PNG nor DICOM');
  });
});

test('an aborted signal ends every task with its reason, and the next call works', async () => {
  const reason = new Error('stopped');
  const stopped = AbortSignal.abort(reason);
  const write = await pipeline('impression', model);
  await expect(write(first!, { signal: stopped })).rejects.toBe(reason);
  await expect((await pipeline('summarization', model))('heart', { signal: stopped })).rejects.toBe(reason);
  await expect((await pipeline('feature-extraction', model))('heart', { signal: stopped })).rejects.toBe(reason);
  await expect((await pipeline('image-feature-extraction', model))(first!, { signal: stopped })).rejects.toBe(reason);
  await expect((await pipeline('zero-shot-image-classification', model))(first!, 'phantom', { signal: stopped })).rejects.toBe(reason);
  await expect((await pipeline('image-text-retrieval', model))({ image: first! }, { texts: ['heart'] }, { signal: stopped })).rejects.toBe(reason);
  await expect((await pipeline('explain', model))(first!, 'heart', { signal: stopped })).rejects.toBe(reason);
  const controller = new AbortController();
  await expect(write(first!, { signal: controller.signal, onToken: () => controller.abort(reason) })).rejects.toBe(reason);
  expect((await write(first!)).text).not.toBe('');
});

test('results are typed by the task', async () => {
  expect(Object.keys(pipelineTasks)).toEqual([
    'impression',
    'summarization',
    'zero-shot-image-classification',
    'image-feature-extraction',
    'feature-extraction',
    'image-text-retrieval',
    'visual-question-answering',
    'explain',
  ]);
  for (const needs of Object.values(pipelineTasks)) expect(needs).not.toContain('\n');
  const write = await pipeline('impression', model);
  expectTypeOf(write(first!)).resolves.toHaveProperty('text');
  expectTypeOf(write([first!])).resolves.toBeArray();
  type Answer = Awaited<ReturnType<Pipeline<string, 'visual-question-answering'>>>;
  expectTypeOf<Answer[]>().toBeArray();
  // @ts-expect-error -- a summary is made of texts, not of images' bytes.
  expectTypeOf(await pipeline('summarization', model)).toBeCallableWith(new Uint8Array());
});
