// The control without images, from the command line: what its run has and has not, and what each command says of it.
import { cpSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseSafetensors } from '@hybridmed/nn';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { temporaryFolder } from '../../../tools/support/phantoms.ts';
import { run } from './support/output.ts';
import { fails, pretrainOn, quickDevice, quickTraining, trainedPhantoms } from './support/trained.ts';

const { folder, remove } = temporaryFolder();
const out = join(folder, 'blind');
const refusal = 'was trained without images (--vision none) and reads none';
let phantoms: string;
let trained: string;
let log: string;

const json = (...path: string[]) => JSON.parse(readFileSync(join(...path), 'utf8'));
const lines = (of: string) =>
  readFileSync(join(of, 'metrics.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
const tensors = (of: string) => {
  const file = join(of, 'checkpoints/stage2-best/model.safetensors');
  return parseSafetensors(readFileSync(file), file).arrays;
};
const evaluate = async (from: string) => {
  const { code, out: printed, log: said } = await run('evaluate', '--checkpoint', from, '--data', `phantom:${phantoms}`, ...quickDevice, '--json');
  expect(code, said).toBe(0);
  return { report: JSON.parse(printed), said };
};

beforeAll(async () => {
  ({ phantoms, trained } = await trainedPhantoms(folder));
  const flags = [...quickTraining, '--stage1', trained, '--vision', 'none', '--freeze', 'vision.*'];
  const { code, log: said } = await run('pretrain', '--data', `phantom:${phantoms}`, ...flags, '--out', out);
  expect(code, said).toBe(0);
  log = said;
}, 120_000);
afterAll(remove);

test('says what it leaves out, and keeps neither tensors nor losses of images', () => {
  expect(log).toContain('no images (vision "none"): the image branch reads nothing; weights of cg, cl, sg');
  expect(json(out, 'run.json')).toMatchObject({ vision: 'none', cg: 0, cl: 0, sum: 1, cap: 2, dis: 1, freeze: [] });
  expect(json(out, 'checkpoints/stage2-best/config.json').model.vision).toEqual({ kind: 'none' });
  const names = Object.keys(tensors(out));
  expect(names.filter((name) => /^(?:vision|align)\.|\.image\./.test(name))).toEqual([]);
  const last = lines(out)
    .filter((line) => 'losses' in line)
    .at(-1)!;
  expect(last.losses).toMatchObject({ cg: null, cl: null, cap: expect.any(Number) as number, dis: expect.any(Number) as number });
});

test('its steps have the studies of the same run with images, in the same order', async () => {
  const [withImages, without] = [join(folder, 'still-full'), join(folder, 'still-blind')];
  // At a rate near 0 the loss of the findings branch tells a step's studies.
  const still = [...quickTraining, '--steps', '0,6', '--epochs', '1,2', '--learning-rate', '1e-12', '--stage1', trained];
  await pretrainOn(phantoms, withImages, ...still);
  await pretrainOn(phantoms, without, ...still, '--vision', 'none');
  const sums = (of: string) => lines(of).flatMap((line) => ('losses' in line ? [line.losses.sum as number] : []));
  expect(sums(without).length).toBe(6);
  sums(without).forEach((sum, step) => expect(sum).toBeCloseTo(sums(withImages)[step]!, 4));
  expect(new Set(sums(without)).size).toBe(6);
}, 60_000);

test('resumes, and only as what it is', async () => {
  const half = join(folder, 'half');
  cpSync(out, half, { recursive: true });
  for (const kind of ['best', 'last']) rmSync(join(half, `checkpoints/stage2-${kind}`), { recursive: true });
  const flags = [...quickTraining, '--stage1', trained, '--out', half, '--resume'];
  await fails(['pretrain', '--data', `phantom:${phantoms}`, ...flags], '"vision" is "none"');
  const { code, log: said } = await run('pretrain', '--data', `phantom:${phantoms}`, ...flags, '--vision', 'none');
  expect(code, said).toBe(0);
  expect(tensors(half)).toEqual(tensors(out));
});

test('is evaluated by what needs no image; an export of it alike, without the branch that reads none', async () => {
  const { report, said } = await evaluate(out);
  expect(said).toContain('texts from images, retrieval and zero-shot classification are left out');
  expect(report).toMatchObject({ withoutImages: true, zeroShot: [], losses: { cg: null, cl: null } });
  for (const absent of ['captioning', 'normalLikelihood', 'retrieval']) expect(report[absent]).toBeUndefined();
  expect(report.text.image).toBeUndefined();
  const mean = report.examples.reduce((sum: number, { loss }: { loss: { image: number } }) => sum + loss.image, 0) / report.studies;
  expect(mean).toBeCloseTo(report.losses.cap, 3);
  await fails(['export', out, '--part', 'caption', '--out', join(folder, 'exported')], refusal);
  const exported = join(folder, 'exported');
  expect((await run('export', out, '--part', 'text', 'summarize', '--out', exported)).code).toBe(0);
  const theirs = (await evaluate(exported)).report;
  expect(theirs.losses.sum).toBeCloseTo(report.losses.sum, 3);
  expect(theirs.losses.cap).toBeNull();
  await fails(['generate', '--checkpoint', exported, '--image', join(phantoms, 'images/p000001.png'), ...quickDevice], refusal);
  expect((await run('evaluate', '--checkpoint', out, '--data', `phantom:${phantoms}`, ...quickDevice)).out).toContain(
    'its image branch, which reads none, has',
  );
}, 60_000);

test('writes from findings, and what needs images is refused in one line', async () => {
  const { code, log: said } = await run('generate', '--checkpoint', out, '--findings', 'The heart is enlarged.', ...quickDevice);
  expect(code, said).toBe(0);
  const data = ['--data', `phantom:${phantoms}`];
  for (const args of [
    ['generate', '--checkpoint', out, '--image', join(phantoms, 'images/p000001.png')],
    ['evaluate', '--checkpoint', out, ...data, '--likelihood-ratio'],
    ['zeroshot', '--checkpoint', out, ...data],
    ['probe', '--checkpoint', out, ...data, '--out', join(folder, 'probe')],
    ['finetune', '--checkpoint', out, ...data, '--out', join(folder, 'finetune')],
    ['explain', '--checkpoint', out, '--image', join(phantoms, 'images/p000001.png'), '--text', 'effusion', '--out', join(folder, 'map.png')],
  ])
    await fails([...args, ...quickDevice], refusal);
  await fails(['save', out, '--part', 'vision', '--out', join(folder, 'saved')], 'has no vision encoder; save --part text');
}, 60_000);

test('its page and the card of its text encoder say so', async () => {
  const page = join(folder, 'report.html');
  expect((await run('report', out, '--out', page)).code).toBe(0);
  const text = readFileSync(page, 'utf8');
  for (const words of ['none: it was trained without images', 'image branch, without images', 'retrieval and zero-shot classification are left out'])
    expect(text).toContain(words);
  const saved = join(folder, 'text');
  expect((await run('save', out, '--part', 'text', '--out', saved)).code).toBe(0);
  expect(readFileSync(join(saved, 'README.md'), 'utf8')).toContain('Vision initialized from nothing (trained without images)');
});
