// Comparing runs and scores on the same studies, by worked cases.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Study } from '@hybridmed/data';
import { auc } from '@hybridmed/eval';
import { pairedTest } from '@hybridmed/eval/protocols';
import { compare } from '@hybridmed/tasks/node';
import { afterAll, expect, test } from 'vitest';
import { temporaryFolder } from '../../../tools/support/phantoms.ts';
import { compareEvaluations } from '../src/compare/compare-evaluations.ts';
import { truthSection } from '../src/evaluate/label-head-section.ts';
import type { EvaluationReport, Example } from '../src/evaluate/report.ts';

const { folder, remove } = temporaryFolder();
afterAll(remove);

const count = 40;
/** An evaluation whose losses are `nats` and whose gap is `gap`, study by study. */
function evaluation(nats: (i: number) => number, gap?: (i: number) => number, more: (i: number) => Partial<Example> = () => ({})): EvaluationReport {
  const examples = Array.from({ length: count }, (_, i): Example => ({
    id: `s${i}`,
    truth: 'x',
    findings: 'x',
    loss: { image: nats(i), findings: 1, tokens: 2, ...(gap ? { mismatchedImage: nats(i) + gap(i) } : {}) },
    ...more(i),
  }));
  return { checkpoint: 'run', examples } as unknown as EvaluationReport;
}
const figuresOf = (a: EvaluationReport[], b: EvaluationReport[]) => Object.fromEntries(compareEvaluations(a, b, 200).map((figure) => [figure.name, figure]));

test('a constant difference has an interval of no width, seeds are paired, and measures that one side lacks are left out', () => {
  const base = (i: number) => 20 + (i % 7);
  const a = [
    evaluation(
      (i) => base(i) - 1,
      () => 0.3,
    ),
    evaluation(
      (i) => base(i) - 3,
      () => 0.5,
    ),
  ];
  const b = [evaluation(base), evaluation((i) => base(i) - 1)];
  const { captionNats, gap } = figuresOf(a, b);
  expect(gap).toBeUndefined();
  expect(captionNats!.difference!.bySeed.map((value) => Number(value.toFixed(9)))).toEqual([-1, -2]);
  const { value, low, high } = captionNats!.difference!.overStudies;
  for (const end of [value, low, high]) expect(end).toBeCloseTo(-1.5, 9);
  expect(captionNats!.difference!.overSeeds.low).toBeCloseTo(-2, 9);
  expect(captionNats!.difference!.overSeeds.high).toBeCloseTo(-1, 9);
  // The figures of one side have intervals of their own, which the other's do not narrow.
  expect(captionNats!.a.overStudies.high).toBeGreaterThan(captionNats!.a.overStudies.low);
});

test('p is that of the sign-flip test of seed means', () => {
  const wave = (i: number) => Math.sin(i);
  const { captionNats } = figuresOf([evaluation((i) => 5 + wave(i))], [evaluation(() => 5)]);
  const expected = pairedTest(
    Array.from({ length: count }, (_, i) => 5 + wave(i)),
    Array.from({ length: count }, () => 5),
  );
  expect(captionNats!.p).toBe(expected.p);
});

test('one side alone has figures without differences; a single run stands against each of several', () => {
  const alone = figuresOf(
    [
      evaluation(
        () => 5,
        () => 0.25,
      ),
    ],
    [],
  );
  expect(alone.gap!.a.overStudies).toEqual({
    value: expect.closeTo(0.25) as number,
    low: expect.closeTo(0.25) as number,
    high: expect.closeTo(0.25) as number,
  });
  expect([alone.gap!.b, alone.gap!.difference, alone.gap!.p]).toEqual([undefined, undefined, undefined]);
  const many = figuresOf([evaluation(() => 5), evaluation(() => 6)], [evaluation(() => 4)]);
  expect(many.captionNats!.difference!.bySeed).toEqual([1, 2]);
  expect(() => figuresOf([evaluation(() => 5), evaluation(() => 6)], [evaluation(() => 4), evaluation(() => 4), evaluation(() => 4)])).toThrow(
    '2 runs against 3',
  );
});

test('AUCs of normal sentences and of questions are those of the scores that studies keep', () => {
  const score = (i: number) => ((i * 17) % 23) / 23;
  const truth = (i: number): 0 | 1 => (i % 3 === 0 ? 1 : 0);
  const of = evaluation(
    () => 5,
    undefined,
    (i) => ({
      normalSentences: { score: score(i), byData: truth(i), byText: truth(i + 1) },
      zeroShot: { effusion: { truth: truth(i), score: -score(i) } },
      labelHead: { effusion: { truth: truth(i), score: score(i) } },
    }),
  );
  const figures = figuresOf([of], [of]);
  const [truths, scores] = [Array.from({ length: count }, (_, i) => truth(i)), Array.from({ length: count }, (_, i) => score(i))];
  expect(figures.normalAuc!.a.overStudies.value).toBeCloseTo(auc(truths, scores), 9);
  expect(figures['prompted AUC: effusion']!.a.overStudies.value).toBeCloseTo(1 - auc(truths, scores), 9);
  expect(figures['AUC of the label head: effusion']!.difference!.overStudies).toEqual({ value: 0, low: 0, high: 0 });
});

test('other studies, or another order of them, are refused', () => {
  const other = evaluation(() => 5);
  expect(() => figuresOf([evaluation(() => 5)], [{ ...other, examples: other.examples.toReversed() }])).toThrow('evaluated on other studies');
});

const scoresFile = (name: string, ids: string[], label: (id: string) => 0 | 1 | null, score: (id: string) => number): string => {
  const path = join(folder, name);
  const runs = [10, 100].map((percent) => ({ percent, seed: 0, scores: { effusion: ids.map((id) => (percent === 100 ? score(id) : 0)) } }));
  writeFileSync(path, JSON.stringify({ ids, labels: { effusion: ids.map(label) }, runs }));
  return path;
};

test('files of scores are compared on the studies they share, by the fits with the most labels', async () => {
  const ids = Array.from({ length: 30 }, (_, i) => `s${i}`);
  const number = (id: string) => Number(id.slice(1));
  const label = (id: string) => (number(id) % 2 === 0 ? 1 : 0);
  const good = scoresFile('good.json', ids.slice(2), label, (id) => label(id));
  const chance = scoresFile('chance.json', ids, label, () => 0);
  const report = await compare({ a: [good], b: [chance] });
  expect(report).toMatchObject({ of: 'scores', studies: 28, leftOut: 2 });
  const [effusion, mean] = report.figures;
  expect(effusion!.difference!.overStudies).toEqual({ value: 0.5, low: 0.5, high: 0.5 });
  expect(mean).toMatchObject({ title: 'mean AUC of 1', difference: { overStudies: { value: 0.5 } } });
  const wrong = scoresFile(
    'wrong.json',
    ids,
    (id) => (label(id) === 1 ? 0 : 1),
    () => 0,
  );
  await expect(compare({ a: [good], b: [wrong] })).rejects.toThrow('wrong.json: study s2 has another label "effusion"');
  await expect(compare({ a: [good], b: [chance], classes: ['edema'] })).rejects.toThrow('good.json: has no scores of "edema"; it has effusion');
  writeFileSync(join(folder, 'short.json'), JSON.stringify({ ids, labels: { effusion: [1] }, runs: [{ percent: 1, seed: 0, scores: {} }] }));
  await expect(compare({ a: [join(folder, 'short.json')] })).rejects.toThrow('short.json: "effusion" has 1 entries for 30 ids');
  const none = scoresFile(
    'none.json',
    ['other'],
    () => 1,
    () => 0,
  );
  await expect(compare({ a: [good], b: [none] })).rejects.toThrow('no study is in each');
});

test('outputs of a label head answer tags and what the impression names', () => {
  const study = (id: string, tags: string, impression: string) => ({ id, tags, impression }) as Study;
  const studies = [
    study('a', 'normal', 'No acute disease.'),
    study('b', 'Pleural Effusion/left;Cardiomegaly/mild', 'Left pleural effusion.'),
    study('c', 'Pulmonary Emphysema', 'Emphysema.'),
  ];
  const outputs = { 'impression: Pleural Effusion': [-2, 3, -1], 'impression: No Finding': [2, -1, 0], 'impression: Fracture': [0, 0, 0] };
  const { rows, byStudy } = truthSection(studies, outputs);
  expect(rows.map(({ name, column, positives, auc: own }) => [name, column, positives, own?.value])).toEqual([
    ['effusion', 'impression: Pleural Effusion', 1, 1],
    ['names a finding', 'impression: No Finding', 1, 1],
  ]);
  expect(byStudy[1]).toEqual({ labelHead: { effusion: { truth: 1, score: 3 }, 'names a finding': { truth: 1, score: 1 } } });
  expect(truthSection(studies, {}).rows).toEqual([]);
  // Of two columns of a label, that of the text which the truth is of.
  const both = { ...outputs, 'report: Pleural Effusion': [3, -2, 0], 'report: No Finding': [-2, 1, 0], 'report: Emphysema': [0, 0, 1] };
  expect(truthSection(studies, both).rows.map(({ name, column, auc: own }) => [name, column, own?.value])).toEqual([
    ['effusion', 'report: Pleural Effusion', 0],
    ['emphysema', 'report: Emphysema', 1],
    ['names a finding', 'impression: No Finding', 1],
  ]);
});
