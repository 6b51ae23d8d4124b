// Metrics of an evaluation's texts that published networks compute, and the baselines beside them.
import { join } from 'node:path';
import { openDataSet } from '@hybridmed/data';
import { consensusTexts } from '@hybridmed/eval/generation';
import { textScores } from '@hybridmed/eval';
import { textSystems } from '@hybridmed/tasks';
import type { EvaluationReport } from '@hybridmed/tasks/node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { textsOf, untrainedCheckpoint } from '../../../tools/support/checkpoint.ts';
import { labellerFolder } from '../../../tools/support/labeller.ts';
import { smallPhantoms, temporaryFolder } from '../../../tools/support/phantoms.ts';
import { run } from './support/output.ts';

const { folder, remove } = temporaryFolder();
const [checkpoint, published] = [join(folder, 'checkpoint'), join(folder, 'published')];
let data: string;
let args: string[];

beforeAll(async () => {
  data = `phantom:${await smallPhantoms(folder)}`;
  await untrainedCheckpoint(checkpoint, textsOf((await openDataSet(data)).studies));
  labellerFolder(published);
  args = ['evaluate', '--checkpoint', checkpoint, '--data', data, '--device', 'cpu', '--threads', '1', '--limit', '8'];
});
afterAll(remove);

test('BERTScore and F1 by published networks, for every system', async () => {
  const named = ['--bertscore', `hf:${published}`, '--bertscore-layer', '1', '--labeller', `hf:${published}`];
  const { out, log, code } = await run(...args, ...named, '--json');
  expect(code, log).toBe(0);
  const { bertScore, chexbert, text } = JSON.parse(out) as EvaluationReport;
  expect(bertScore).toMatchObject({ encoder: published, layer: 1, depth: 2, idf: false });
  expect(chexbert!.labeller).toBe(published);
  expect([text, bertScore, chexbert].map((table) => 'imageRatio' in table!)).toEqual([false, false, false]);
  for (const { key } of textSystems) {
    if (key === 'imageRatio') continue;
    expect(text[key]!.rougeL).toBeGreaterThanOrEqual(0);
    const { f1, precision } = bertScore![key]!;
    expect(f1.low).toBeLessThanOrEqual(f1.value);
    expect(precision.value).toBeLessThanOrEqual(1);
    expect(Object.keys(chexbert![key]!.all14.perLabel)).toHaveLength(14);
    expect(Object.keys(chexbert![key]!.five.perLabel)).toHaveLength(5);
  }
  // Baselines that read the findings are nearer to the truth than what an untrained model writes, by any measure.
  expect(bertScore!.consensus.f1.value).toBeGreaterThan(bertScore!.image!.f1.value);
  expect(text.consensus.cider).toBeGreaterThan(text.findings.cider);
});

test('the consensus is that of the training studies', async () => {
  const { studies } = await openDataSet(data);
  const of = (split: string) => studies.filter((study) => study.split === split);
  const train = of('train').toSorted((a, b) => (a.report < b.report ? -1 : a.report > b.report ? 1 : a.image < b.image ? -1 : 1));
  const held = of('test').slice(0, 8);
  const corpus = { findings: train.map(({ findings }) => findings), impressions: train.map(({ impression }) => impression) };
  const texts = consensusTexts(
    held.map(({ findings }) => findings),
    corpus,
  ).map((i) => train[i]!.impression);
  const { out } = await run(...args, '--json');
  const report = JSON.parse(out) as EvaluationReport;
  expect(report.text.consensus).toMatchObject(
    textScores(
      texts,
      held.map(({ impression }) => impression),
    ),
  );
  // Losses by memories that are kept are those of the whole graph.
  const own = report.examples.map(({ loss }) => loss.image!);
  expect(own.reduce((a, b) => a + b, 0) / own.length).toBeCloseTo(report.losses.cap!, 4);
  const wrong = report.examples.map(({ loss }) => loss.mismatchedImage!);
  expect(report.captioning!.draws).toBe(10);
  expect(report.captioning!.byDraw).toHaveLength(10);
  expect(report.captioning!.perStudy.value).toBeCloseTo((wrong.reduce((a, b) => a + b, 0) - own.reduce((a, b) => a + b, 0)) / own.length, 9);
  expect(report.normalLikelihood!.sentences.length).toBeLessThanOrEqual(10);
  expect(report.normalLikelihood!.byData!.studies).toBe(held.length);
  expect(report).not.toHaveProperty('bertScore');
  expect(report).not.toHaveProperty('chexbert');
});

test('impressions by likelihood ratio are training impressions, chosen on validation studies', async () => {
  const { out, code, log } = await run(...args, '--likelihood-ratio', '--json');
  expect(code, log).toBe(0);
  const { text, labels, likelihoodRatio, examples } = JSON.parse(out) as EvaluationReport;
  const { candidates, means, chosen } = likelihoodRatio!;
  expect(candidates.length).toBeLessThanOrEqual(100);
  expect(means).toHaveLength(candidates.length);
  expect(candidates.map(({ names }) => names)).toEqual(expect.arrayContaining([true, false]));
  expect(chosen.cider).toBeGreaterThanOrEqual(0.9 * chosen.constantCider);
  expect(candidates.map((candidate) => candidate.text)).toEqual(expect.arrayContaining(examples.map(({ imageRatio }) => imageRatio)));
  expect(text.imageRatio!.distinct).toBe(new Set(examples.map(({ imageRatio }) => imageRatio)).size);
  expect(labels!.imageRatio!.naming.rate).toBeGreaterThanOrEqual(0);
  expect(labels!.mostFrequent.naming.balancedAccuracy!.value).toBe(0.5);
});

test('tables name what computed them', async () => {
  const { out } = await run(...args, '--bertscore', `hf:${published}`, '--bertscore-idf', '--labeller', `hf:${published}`);
  expect(out).toMatch(/^consensus of 10 nearest findings +0\.\d+ \(/m);
  expect(out).toContain(`layer 2 of 2 of ${published}, weighed by idf, not rescaled`);
  expect(out).toMatch(/^CheXbert F1 \(95 %\) +micro, 14 +macro, 14 +micro, 5 +macro, 5$/m);
});

test('what cannot be measured is said before anything is evaluated', async () => {
  const fails = async (code: number, text: string, ...more: string[]) => {
    const ran = await run(...args, ...more);
    expect(ran.log).toContain(text);
    expect(ran.log).not.toContain('losses of');
    expect(ran.code).toBe(code);
  };
  await fails(2, 'write hf: and a folder, as in --bertscore hf:folder', '--bertscore', 'folder');
  await fails(2, 'write hf: and a folder, as in --labeller hf:FOLDER', '--labeller', 'hf:');
  await fails(1, 'is chosen on the split "validate"; evaluate it on another', '--likelihood-ratio', '--split', 'validate');
  await fails(2, 'give --bertscore hf:FOLDER with --bertscore-layer', '--bertscore-layer', '1');
  await fails(1, 'layer 7 is none of its 2 layers; give 1 to 2', '--bertscore', `hf:${published}`, '--bertscore-layer', '7');
  await fails(1, 'none: does not exist', '--labeller', `hf:${folder}/none`);
});
