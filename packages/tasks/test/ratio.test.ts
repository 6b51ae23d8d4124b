// Writing by likelihood ratio over open models: likelihoods, candidates, what is chosen and kept, and the same on an export.
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Study } from '@hybridmed/data';
import { openDataSet } from '@hybridmed/data';
import type { CheckpointConfig } from '@hybridmed/model';
import { createModel, formatVersion } from '@hybridmed/model';
import { presetModel } from '@hybridmed/model/presets';
import type { ModelSession } from '@hybridmed/model/session';
import { initialize } from '@hybridmed/nn';
import { cpuDevice } from '@hybridmed/onnx';
import type { OpenedModel } from '@hybridmed/runtime';
import { exportCheckpoint, openModel, readImages, saveCheckpoint } from '@hybridmed/runtime';
import { hashIds, keepLikelihoodRatio } from '@hybridmed/runtime/run';
import { createRatioWriter } from '@hybridmed/tasks';
import { evaluate } from '@hybridmed/tasks/node';
import { fitRatio } from '@hybridmed/tasks/texts';
import { plainDevice } from '@hybridmed/gpujs';
import type { HostArray } from '@hybridmed/tensor';
import { trainWordPiece } from '@hybridmed/text';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { textsOf, untrainedCheckpoint } from '../../../tools/support/checkpoint.ts';
import { smallPhantoms, temporaryFolder } from '../../../tools/support/phantoms.ts';
import { namesFinding, trainingCandidates } from '../src/ratio/candidates.ts';

const { folder, remove } = temporaryFolder();
const [checkpoint, exported] = [join(folder, 'checkpoint'), join(folder, 'exported')];
const device = cpuDevice({ threads: 1 });
let data: string;
let studies: readonly Study[];
let own: OpenedModel;
let images: HostArray;

/** A checkpoint whose values are in general position, so that images differ in what they make likely. */
async function makeCheckpoint(texts: readonly string[]): Promise<void> {
  const tokenizer = trainWordPiece(texts, { size: 100 });
  const model = presetModel('tiny', tokenizer.vocabularySize, tokenizer.special);
  const parameters = Object.fromEntries(
    Object.entries(initialize(createModel(model).parameters, 5)).map(([name, { data: values, shape }]) => [
      name,
      { data: shape.length >= 2 ? values.map((x) => 6 * x) : values, shape },
    ]),
  );
  const config: CheckpointConfig = { formatVersion, preset: 'tiny', stage: 2, model, input: { resize: 36, findingsLength: 64, impressionLength: 24 } };
  await saveCheckpoint(checkpoint, { config, tokenizer: tokenizer.toJSON(), parameters });
}

beforeAll(async () => {
  data = `phantom:${await smallPhantoms(folder)}`;
  ({ studies } = await openDataSet(data));
  await makeCheckpoint(textsOf(studies));
  own = await openModel(checkpoint, { device });
  images = await readImages(
    own,
    studies.slice(0, 3).map(({ image }) => image),
  );
});
/** Copies the checkpoint, as it is by now. */
function copyTo(to: string): void {
  rmSync(to, { recursive: true, force: true });
  cpSync(checkpoint, to, { recursive: true });
}

afterAll(async () => {
  await own.close();
  await device.close();
  remove();
});

const study = (impression: string, i: number): Study => ({ id: `s${i}`, report: `r${i}`, image: `${i}.png`, findings: '', impression, split: 'train' });

test('candidates are the commonest impressions, each once, as first written, on one line', () => {
  const [normal, edema, effusion] = ['No acute disease.', 'Pulmonary edema.', 'Left pleural effusion.'];
  const train = ['No  acute\ndisease.', normal, 'no acute disease .', edema, edema, effusion, ' ', 'a'.repeat(3000)].map(study);
  expect(trainingCandidates(train)).toEqual([
    { text: normal, names: false },
    { text: edema, names: true },
    { text: effusion, names: true },
  ]);
  expect(trainingCandidates(train, { frequent: 1, naming: 1 }).map(({ text }) => text)).toEqual([normal, edema]);
  // The commonest that name a finding are there however many others are commoner.
  const many = Array.from({ length: 60 }, (_, i) => [`Normal chest ${i}.`, `Normal chest ${i}.`]).flat();
  const candidates = trainingCandidates([...many, effusion].map(study));
  expect(candidates).toHaveLength(41);
  expect(candidates.at(-1)).toEqual({ text: effusion, names: true });
});

/** Log-likelihood of one text, token by token from the session's logits, in float64. */
async function byLogits(model: ModelSession, branch: 'image' | 'findings', input: { memory: HostArray; mask?: HostArray }, text: string): Promise<number> {
  const ids = model.tokenizer.encode(text, model.info.impressionLength);
  const { data: logits } = await model.logits(branch, { ...input, ids: { data: Int32Array.from(ids.slice(0, -1)), shape: [1, ids.length - 1] } });
  const vocabulary = model.info.vocabularySize;
  return ids.slice(1).reduce((total, id, at) => {
    const row = Array.from(logits.subarray(at * vocabulary, (at + 1) * vocabulary));
    const most = Math.max(...row);
    return total + row[id]! - most - Math.log(row.reduce((sum, value) => sum + Math.exp(value - most), 0));
  }, 0);
}

const rowOf = ({ data: values, shape }: HostArray, row: number): HostArray => {
  const size = values.length / shape[0]!;
  return { data: values.subarray(row * size, (row + 1) * size), shape: [1, ...shape.slice(1)] };
};

describe('log-likelihoods of texts', () => {
  // Of many lengths, more than one call holds; one is longer than an impression may be.
  const textsFor = () => [...Array.from({ length: 70 }, (_, i) => studies[i]!.impression), studies[0]!.findings.repeat(3), ''];

  test('are those of each text alone, for each image', async () => {
    const { memory } = await own.imageFeatures(images, ['memory']);
    const texts = textsFor();
    const { data: values, shape } = await own.logLikelihoods('image', { memory }, texts);
    expect(shape).toEqual([3, 72]);
    for (const image of [0, 2])
      for (const text of [0, 1, 33, 69, 70, 71])
        expect(values[image * 72 + text], texts[text]).toBeCloseTo(await byLogits(own, 'image', { memory: rowOf(memory, image) }, texts[text]!), 3);
  });

  test('of the findings branch, where padding is not read', async () => {
    const { ids, mask } = own.prepare.texts(
      studies.slice(0, 2).map(({ findings }) => findings),
      'findings',
    );
    const { memory } = await own.textFeatures({ ids, mask }, ['memory']);
    const texts = ['No acute disease.', studies[3]!.impression];
    const { data: values } = await own.logLikelihoods('findings', { memory, mask }, texts);
    for (const row of [0, 1])
      for (const text of [0, 1])
        expect(values[2 * row + text]).toBeCloseTo(await byLogits(own, 'findings', { memory: rowOf(memory, row), mask: rowOf(mask, row) }, texts[text]!), 3);
  });

  test('on the plain device the same', async () => {
    const plain = await openModel(checkpoint, { device: plainDevice() });
    const texts = textsFor().slice(60, 66);
    const of = async (model: ModelSession) =>
      model.logLikelihoods('image', { memory: (await model.imageFeatures(rowOf(images, 1), ['memory'])).memory }, texts);
    const [a, b] = [await of(own), await of(plain)];
    b.data.forEach((value, i) => expect(value).toBeCloseTo(a.data[i]!, 3));
    await plain.close();
  });

  test('end when they are aborted', async () => {
    const { memory } = await own.imageFeatures(images, ['memory']);
    await expect(own.logLikelihoods('image', { memory }, ['a'], { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough');
  });
});

describe('a model without a likelihood ratio', () => {
  test('says how to choose one', () => {
    expect(() => createRatioWriter(own)).toThrow(
      `${checkpoint}: has no likelihood ratio to write by; choose it on validation studies with \`hybridmed fit-ratio --checkpoint CHECKPOINT --data SPEC\``,
    );
  });

  test('of stage 1 has nothing to choose for', async () => {
    const stage1 = join(folder, 'stage1');
    await untrainedCheckpoint(stage1, textsOf(studies), { stage: 1 });
    const model = await openModel(stage1, { device });
    await expect(fitRatio({ model, data })).rejects.toThrow('image branch is not trained');
    await model.close();
  });
});

describe('a chosen likelihood ratio', () => {
  let fitted: OpenedModel;
  let theirs: OpenedModel;

  beforeAll(async () => {
    const { checkpoint: kept, likelihoodRatio } = await fitRatio({ model: own, data, ciderFraction: 0 });
    expect(kept).toBe(checkpoint);
    expect(likelihoodRatio.chosen.balancedAccuracy).toBeGreaterThan(0.5);
    fitted = await openModel(checkpoint, { device });
    expect(fitted.info.likelihoodRatio).toEqual(likelihoodRatio);
    await exportCheckpoint({ checkpoint, parts: ['caption'], out: exported });
    theirs = await openModel(exported, { device, threads: 1 });
  });
  afterAll(async () => {
    await fitted.close();
    await theirs.close();
  });

  test('is of the validation studies, and says so', () => {
    const { candidates, means, chosen } = fitted.info.likelihoodRatio!;
    const validation = studies.filter(({ split }) => split === 'validate');
    expect(chosen).toMatchObject({ studies: validation.length, ids: hashIds(validation), ciderFraction: 0 });
    expect(means).toHaveLength(candidates.length);
    for (const { text, names } of candidates) expect(namesFinding(text)).toBe(names);
  });

  test('its means are those of the candidates over validation images', async () => {
    const { candidates, means } = fitted.info.likelihoodRatio!;
    const validation = studies.filter(({ split }) => split === 'validate');
    const all = await readImages(
      own,
      validation.map(({ image }) => image),
    );
    const { memory } = await own.imageFeatures(all, ['memory']);
    const text = candidates.at(-1)!.text;
    const values = await Promise.all(validation.map((_, row) => byLogits(own, 'image', { memory: rowOf(memory, row) }, text)));
    expect(means.at(-1)).toBeCloseTo(values.reduce((a, b) => a + b, 0) / values.length, 3);
  });

  test('writes what its parts say, with the runners-up', async () => {
    const { candidates, means, weight, threshold } = fitted.info.likelihoodRatio!;
    const written = await createRatioWriter(fitted).write(images);
    const { memory } = await fitted.imageFeatures(images, ['memory']);
    for (const [row, impression] of written.entries()) {
      const logs = await Promise.all(candidates.map(({ text }) => byLogits(fitted, 'image', { memory: rowOf(memory, row) }, text)));
      const total = (kind: boolean) => Math.log(logs.reduce((sum, log, i) => (candidates[i]!.names === kind ? sum + Math.exp(log) : sum), 0));
      expect(impression.namingScore).toBeCloseTo(total(true) - total(false), 3);
      expect(impression.namesFinding).toBe(total(true) - total(false) > threshold);
      const ranked = candidates
        .map(({ text, names }, i) => ({ text, names, score: logs[i]! - weight * means[i]! }))
        .filter(({ names }) => names)
        .toSorted((a, b) => b.score - a.score);
      const expected = impression.namesFinding ? ranked[0]!.text : candidates.find(({ names }) => !names)!.text;
      expect(impression.text).toBe(expected);
      const next = ranked.slice(impression.namesFinding ? 1 : 0, impression.namesFinding ? 6 : 5);
      expect(impression.runnersUp).toEqual(next.map(({ text, score }) => ({ text, score: expect.closeTo(score, 3) })));
    }
  });

  test('writes the same from its export', async () => {
    const [a, b] = [await createRatioWriter(fitted).write(images), await createRatioWriter(theirs).write(images)];
    const near = (value: unknown): unknown =>
      typeof value === 'number'
        ? expect.closeTo(value, 3)
        : Array.isArray(value)
          ? value.map(near)
          : typeof value === 'object' && value !== null
            ? Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, near(inner)]))
            : value;
    expect(b).toEqual(near(a));
    await expect(fitRatio({ model: theirs, data })).rejects.toThrow('holds exported graphs; choosing a likelihood ratio needs a checkpoint');
  });

  test('is evaluated beside greedy search, on another split than its own', async () => {
    const messages: string[] = [];
    const options = { model: fitted, data, limit: 4, device, onMessage: (line: string) => messages.push(line) };
    const report = await evaluate(options);
    expect(report.likelihoodRatio).toEqual(fitted.info.likelihoodRatio);
    const tested = studies.filter(({ split }) => split === 'test').slice(0, 4);
    const written = await createRatioWriter(fitted).write(
      await readImages(
        fitted,
        tested.map(({ image }) => image),
      ),
    );
    expect(report.examples.map(({ imageRatio }) => imageRatio)).toEqual(written.map(({ text }) => text));
    expect(report.labels!.imageRatio!.naming.rate).toBeCloseTo(written.filter(({ text }) => namesFinding(text)).length / 4, 12);
    expect(await evaluate({ ...options, split: 'validate' })).not.toHaveProperty('likelihoodRatio');
    expect(messages).toContain('the likelihood ratio was chosen on the split "validate", on which it is not evaluated');
  });

  test('beam search on validation images gives candidates too', async () => {
    const copy = join(folder, 'copy');
    copyTo(copy);
    const model = await openModel(copy, { device });
    const { likelihoodRatio } = await fitRatio({ model, data, frequent: 2, naming: 2, beams: 3, ciderFraction: 0 });
    const [beams] = await model.generate({ image: rowOf(images, 0) }, { search: { kind: 'beam', width: 3 } });
    expect(beams!.others).toHaveLength(2);
    expect(beams!.others![0]!.score).toBeLessThanOrEqual(beams!.score);
    expect(likelihoodRatio.candidates.length).toBeGreaterThan(4);
    expect(likelihoodRatio.candidates.length).toBeLessThanOrEqual(104);
    await model.close();
  });

  test('is not kept with other weights', async () => {
    const likelihoodRatio = fitted.info.likelihoodRatio!;
    await expect(keepLikelihoodRatio(checkpoint, { likelihoodRatio, weights: 'other', data })).rejects.toThrow(
      'has other parameters than the likelihood ratio was chosen for; choose it again',
    );
  });

  test.each([
    ['candidates', [{ text: 'a\u0007', names: true }], '"likelihoodRatio.candidates" is [{"text":"a\\u0007","names":true}]'],
    ['means', [-1], '"likelihoodRatio.means" must be as many as "candidates"'],
    ['weight', -1, '"likelihoodRatio.weight" is -1; it must be a number from 0 to 1000'],
    ['threshold', 'x', '"likelihoodRatio.threshold" is "x"; it must be a number from -100000000 to 100000000'],
    ['extra', 1, '"likelihoodRatio.extra" is no key of this version'],
  ])('with a wrong "%s" is refused by name, in a checkpoint and in an export', async (key, value, problem) => {
    const copy = join(folder, 'damaged');
    copyTo(copy);
    const file = join(copy, 'config.json');
    const config = JSON.parse(readFileSync(file, 'utf8')) as CheckpointConfig;
    writeFileSync(file, JSON.stringify({ ...config, likelihoodRatio: { ...config.likelihoodRatio, [key]: value } }));
    await expect(openModel(copy, { device })).rejects.toThrow(problem);
    const manifestFile = join(exported, 'export.json');
    const before = readFileSync(manifestFile, 'utf8');
    const manifest = JSON.parse(before) as { likelihoodRatio: object };
    writeFileSync(manifestFile, JSON.stringify({ ...manifest, likelihoodRatio: { ...manifest.likelihoodRatio, [key]: value } }));
    await expect(openModel(exported, { device })).rejects.toThrow(`"likelihoodRatio.${key}": `);
    writeFileSync(manifestFile, before);
  });
});
