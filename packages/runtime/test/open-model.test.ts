// One contract for a checkpoint on a device and for its exported graphs: the same outputs, the same texts, the same refusals in one line.
import { join } from 'node:path';
import { openDataSet } from '@hybridmed/data';
import type { Study } from '@hybridmed/data';
import { partNames } from '@hybridmed/model';
import { SessionError, tracedModel } from '@hybridmed/model/session';
import { cpuDevice } from '@hybridmed/onnx';
import type { OpenedModel } from '@hybridmed/runtime';
import { exportCheckpoint, openModel, readImages } from '@hybridmed/runtime';
import type { HostArray } from '@hybridmed/tensor';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { textsOf, untrainedCheckpoint } from '../../../tools/support/checkpoint.ts';
import { smallPhantoms, temporaryFolder } from '../../../tools/support/phantoms.ts';

const { folder, remove } = temporaryFolder();
const [checkpoint, stage1, exported, captionOnly] = ['checkpoint', 'stage1', 'exported', 'caption'].map((name) => join(folder, name)) as [
  string,
  string,
  string,
  string,
];
const device = cpuDevice({ threads: 1 });
let [own, theirs]: [OpenedModel, OpenedModel] = [undefined!, undefined!];
let studies: readonly Study[];
let images: HostArray;

beforeAll(async () => {
  studies = (await openDataSet(`phantom:${await smallPhantoms(folder)}`)).studies.slice(0, 5);
  await untrainedCheckpoint(checkpoint, textsOf(studies));
  await untrainedCheckpoint(stage1, textsOf(studies), { stage: 1 });
  await exportCheckpoint({ checkpoint, parts: partNames, out: exported });
  await exportCheckpoint({ checkpoint, parts: ['caption'], out: captionOnly });
  [own, theirs] = [await openModel(checkpoint, { device }), await openModel(exported, { device, threads: 1 })];
  images = await readImages(
    own,
    studies.map(({ image }) => image),
  );
});
afterAll(async () => {
  await own.close();
  await theirs.close();
  await device.close();
  remove();
});

const expectClose = (a: HostArray, b: HostArray, name: string) => {
  expect(a.shape, name).toEqual(b.shape);
  const difference = Array.from(a.data).reduce((max, value, i) => Math.max(max, Math.abs(value - b.data[i]!)), 0);
  expect(difference, name).toBeLessThan(1e-5);
};

describe('a checkpoint and its exported graphs', () => {
  test('say the same of the model, and who computes', () => {
    const facts = ({ source: _source, device: _device, deviceKind: _kind, ...rest }: OpenedModel['info']) => rest;
    expect(facts(theirs.info)).toEqual(facts(own.info));
    expect(own.info).toMatchObject({ source: checkpoint, stage: 2, patches: 16, deviceKind: device.info.kind });
    expect(theirs.info.device).toBe('ONNX Runtime on exported graphs (vision f32, text f32, align f32, caption f32, summarize f32, removal f32)');
    expect(partNames.filter((part) => own.has(part) && theirs.has(part))).toEqual(partNames);
  });

  test('give the same features of images and texts, those that are asked for', async () => {
    const outputs = ['tokens', 'global', 'embedding', 'patches', 'memory'] as const;
    const [a, b] = [await own.imageFeatures(images, outputs), await theirs.imageFeatures(images, outputs)];
    expect(Object.keys(a)).toEqual(outputs);
    for (const name of outputs) expectClose(a[name], b[name], name);
    const alone = await own.imageFeatures(images, ['embedding']);
    expect(Object.keys(alone)).toEqual(['embedding']);
    for (let row = 0; row < studies.length; row++) expect(Math.hypot(...alone.embedding.data.subarray(row * 16, (row + 1) * 16))).toBeCloseTo(1, 5);
    const texts = studies.map(({ impression }) => impression);
    const wanted = ['tokens', 'global', 'embedding', 'words', 'importance', 'memory'] as const;
    const [c, d] = [await own.textFeatures(texts, wanted), await theirs.textFeatures(texts, wanted)];
    for (const name of wanted) expectClose(c[name]!, d[name]!, name);
    expectClose((await own.textFeatures(own.prepare.texts(texts, 'impression'), ['embedding'])).embedding, c.embedding, 'prepared');
  });

  test('give the same memory with patches left out, and the same logits of it', async () => {
    const first = { data: images.data.subarray(0, images.data.length / studies.length), shape: [1, ...images.shape.slice(1)] } as HostArray;
    const patchMask = { data: Float32Array.from({ length: 32 }, (_, i) => (i % 5 === 0 ? 0 : 1)), shape: [2, 16] };
    const memories = [await own.imageFeatures(first, ['memory'], { patchMask }), await theirs.imageFeatures(first, ['memory'], { patchMask })] as const;
    expectClose(memories[0].memory, memories[1].memory, 'memory');
    const whole = await own.imageFeatures(first, ['memory'], { patchMask: { data: new Float32Array(16).fill(1), shape: [1, 16] } });
    expectClose(whole.memory, (await own.imageFeatures(first, ['memory'])).memory, 'whole image');
    const ids = { data: Int32Array.from([2, 7, 9, 2, 8, 9]), shape: [2, 3] };
    const logits = [await own.logits('image', { memory: memories[0].memory, ids }), await theirs.logits('image', { memory: memories[0].memory, ids })] as const;
    expect(logits[0].shape).toEqual([2, 3, own.info.vocabularySize]);
    expectClose(...logits, 'logits');
    await expect(own.imageFeatures(first, ['tokens'], { patchMask })).rejects.toThrow('memory alone');
  });

  type Written = Awaited<ReturnType<typeof own.generate>>[number];
  /** What is written, its score and those of other candidates to four digits. */
  const near = ({ score, others, ...text }: Written): object => ({
    ...text,
    score: expect.closeTo(score, 4),
    ...(others ? { others: others.map(near as never) } : {}),
  });

  test.each([undefined, { kind: 'beam', width: 3 }, { kind: 'nucleus', seed: 4 }] as const)('write the same with search %o, token by token', async (search) => {
    for (const input of [{ image: images }, { findings: studies.map(({ findings }) => findings) }]) {
      const tokens: number[][] = studies.map(() => []);
      const texts = await own.generate(input, { search, onToken: (study, id) => tokens[study]!.push(id) });
      expect(tokens).toEqual(texts.map(({ ids }) => ids));
      expect(await theirs.generate(input, { search })).toEqual(texts.map(near));
      expect(texts[0]!.text).toBe(own.tokenizer.decode([...texts[0]!.ids]));
    }
  });

  test('two calls at once write what each writes alone', async () => {
    const one = (row: number) => ({ findings: [studies[row]!.findings] });
    const [a, b] = await Promise.all([own.generate(one(0)), own.generate(one(1))]);
    expect([await own.generate(one(0)), await own.generate(one(1))]).toEqual([a, b]);
  });

  test('end when they are told to, with the reason', async () => {
    const stop = new AbortController();
    let tokens = 0;
    const writing = own.generate({ image: images }, { signal: stop.signal, onToken: () => ++tokens === 2 && stop.abort(new Error('enough')) });
    await expect(writing).rejects.toThrow('enough');
    expect(tokens).toBeLessThanOrEqual(studies.length + 1);
    for (const model of [own, theirs]) {
      await expect(model.imageFeatures(images, ['embedding'], { signal: stop.signal })).rejects.toThrow('enough');
      await expect(model.textFeatures(['heart'], ['embedding'], { signal: stop.signal })).rejects.toThrow('enough');
    }
  });

  test('have their own hash, and that of the same weights', async () => {
    expect(await own.contentHash()).toMatch(/^[0-9a-f]{64}$/);
    expect(await theirs.contentHash()).not.toBe(await own.contentHash());
    expect(await theirs.weightsHash()).toBe(await own.weightsHash());
  });
});

describe('what a model does not have is refused in one line', () => {
  const refusal = async (use: Promise<unknown>): Promise<SessionError> => {
    const error: unknown = await use.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(SessionError);
    expect((error as SessionError).message).not.toContain('\n');
    return error as SessionError;
  };

  test('what stage 1 has not trained', async () => {
    const model = await openModel(stage1, { device });
    expect(partNames.filter((part) => model.has(part))).toEqual(['text', 'summarize']);
    expect(await refusal(model.imageFeatures(images, ['global']))).toMatchObject({ problem: 'untrained', source: stage1 });
    expect((await refusal(model.textFeatures(['heart'], ['embedding']))).message).toBe(
      `${stage1}: is of stage 1, whose image encoder and alignment are not trained; name a stage-2 checkpoint`,
    );
    expect((await refusal(model.generate({ image: images }))).message).toContain('whose image branch is not trained');
    expect((await model.generate({ findings: ['The heart is enlarged.'] }))[0]!.ids.length).toBeGreaterThan(0);
    await model.close();
  });

  test('what was not exported, and what no export has', async () => {
    const model = await openModel(captionOnly, { device });
    expect((await refusal(model.textFeatures(['heart'], ['embedding']))).message).toBe(
      `${captionOnly}: has no exported "align" (it has caption); add it with \`hybridmed export CHECKPOINT --part align --out ${captionOnly}\``,
    );
    expect(() => tracedModel(model, 'fine-tuning')).toThrow(`${captionOnly}: holds exported graphs; fine-tuning needs a checkpoint, or a run's folder`);
    expect(tracedModel(own, 'fine-tuning').checkpoint.config.preset).toBe('tiny');
    await model.close();
  });

  test('a module that an exported folder does not need, a folder that is no model', async () => {
    await expect(openModel(exported, { device, encoders: { vision: './x.js' } })).rejects.toThrow('leave --vision out');
    await expect(openModel(folder, { device })).rejects.toThrow('holds no checkpoint');
  });
});
