import { auc, averagePrecision, bootstrap } from '@hybridmed/eval';
import { bestThreshold, binaryCalibration, classificationReport, meanAucOver } from '@hybridmed/eval/protocols';
import { expect, test } from 'vitest';
import { numbers } from './shared.ts';

/** The same numbers as in scikit-learn 1.x, where the expected values come from. */
function example() {
  const random = numbers(21);
  const labels = Array.from({ length: 60 }, () => (random() < 0.4 ? 1 : 0) as 0 | 1);
  const scores = labels.map((label) => Number((0.6 * label + random()).toFixed(1)));
  return { labels, scores };
}

test('equals scikit-learn on scores with many ties', () => {
  const { labels, scores } = example();
  const { classes, meanAuc } = classificationReport({ effusion: { labels, scores, threshold: 0.85 } });
  const { effusion } = classes;
  expect(effusion).toMatchObject({ studies: 60, positives: 27, threshold: 0.85 });
  expect(effusion!.auc!.value).toBeCloseTo(0.9416386083052749, 12);
  expect(effusion!.averagePrecision!.value).toBeCloseTo(0.9150499706055262, 12);
  expect(effusion!.f1!.value).toBeCloseTo(0.8076923076923077, 12);
  expect(effusion!.accuracy!.value).toBeCloseTo(0.8333333333333334, 12);
  expect(effusion!.mcc!.value).toBeCloseTo(0.6625413488689132, 12);
  expect(meanAuc).toEqual(effusion!.auc);
});

test('intervals are those of the single metrics over the same resamples', () => {
  const { labels, scores } = example();
  const { effusion } = classificationReport({ effusion: { labels, scores } }).classes;
  for (const [metric, interval] of [
    [auc, effusion!.auc],
    [averagePrecision, effusion!.averagePrecision],
  ] as const) {
    const expected = bootstrap(60, (indices) =>
      metric(
        Array.from(indices, (i) => labels[i]!),
        Array.from(indices, (i) => scores[i]!),
      ),
    );
    expect(interval!.low).toBeCloseTo(expected.low, 12);
    expect(interval!.high).toBeCloseTo(expected.high, 12);
  }
});

test('what is undefined is null and says why, never 0.5 or NaN', () => {
  const scores = [0.1, 0.9, 0.4];
  const report = classificationReport({
    none: { labels: [0, 0, 0], scores, threshold: 0.5 },
    all: { labels: [1, 1, undefined], scores, threshold: 0.5 },
    unlabelled: { labels: [undefined, undefined, undefined], scores },
    both: { labels: [0, 1, 0], scores },
  });
  expect(report.classes.none).toMatchObject({ auc: null, averagePrecision: null, mcc: null, f1: null });
  expect(report.classes.none!.undefined).toContain('none of the 3 studies is positive');
  expect(report.classes.none!.accuracy!.value).toBeCloseTo(2 / 3, 12);
  expect(report.classes.all).toMatchObject({ studies: 2, positives: 2, auc: null });
  expect(report.classes.unlabelled).toMatchObject({ studies: 0, auc: null, undefined: 'no study has this label' });
  expect(report.classes.both).toMatchObject({ threshold: null, f1: null, accuracy: null, auc: { value: 1 } });
  expect(report.over).toEqual(['both']);
  expect(JSON.stringify(report)).not.toContain('NaN');
  expect(classificationReport({ none: { labels: [0, 0], scores: [1, 2] } })).toMatchObject({ over: [], meanAuc: null });
});

test('unlabelled studies do not count', () => {
  const { labels, scores } = example();
  const padded = classificationReport({ a: { labels: [undefined, ...labels, undefined], scores: [9, ...scores, -9], threshold: 0.85 } });
  expect(padded.classes.a!.auc!.value).toBeCloseTo(0.9416386083052749, 12);
  expect(padded.classes.a!.accuracy!.value).toBeCloseTo(0.8333333333333334, 12);
});

test('the threshold is the best on its studies, half-way between scores', () => {
  const { labels, scores } = example();
  for (const rule of ['f1', 'mcc', 'youden'] as const) expect(bestThreshold(labels, scores, rule)).toBeCloseTo(0.65, 12);
  expect(bestThreshold([1, 1, 0], [3, 2, 1])).toBe(1.5);
  expect(bestThreshold([0, 1], [5, 1])).toBeLessThan(1);
  expect(bestThreshold([1, 1], [1, 2])).toBeUndefined();
  expect(bestThreshold([0, 0], [1, 2])).toBeUndefined();
  expect(() => bestThreshold([0, 1], [1, 2], 'best' as 'f1')).toThrow('"best" is no rule');
});

test('AUC intervals cover the true AUC at about their rate', () => {
  const random = numbers(31);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  // Scores of positives are higher by 1: the true AUC is Phi(1 / sqrt 2).
  const truth = 0.7602499389;
  let covered = 0;
  for (let trial = 0; trial < 200; trial++) {
    const labels = Array.from({ length: 120 }, () => (random() < 0.3 ? 1 : 0) as 0 | 1);
    const scores = labels.map((label) => label + normal());
    const { low, high } = classificationReport({ a: { labels, scores } }, { samples: 300, level: 0.9, seed: trial }).classes.a!.auc!;
    if (low <= truth && truth <= high) covered++;
  }
  // Four standard errors of 200 trials around 0.9 are 0.085.
  expect(covered / 200).toBeGreaterThan(0.815);
  expect(covered / 200).toBeLessThan(0.985);
});

test('a difference of two systems is paired', () => {
  const { labels, scores } = example();
  const worse = scores.map((score, i) => (i % 7 === 0 ? 1 - score : score));
  const [good, bad] = [{ a: { labels, scores } }, { a: { labels, scores: worse } }];
  const difference = meanAucOver([good], { than: [bad] })!;
  expect(difference.value).toBeCloseTo(auc(labels, scores) - auc(labels, worse), 12);
  expect(difference.low).toBeGreaterThan(0);
  expect(meanAucOver([good], { than: [good, good] })).toEqual({ value: 0, low: 0, high: 0 });
  expect(meanAucOver([good, bad])!.value).toBeCloseTo((auc(labels, scores) + auc(labels, worse)) / 2, 12);
  expect(meanAucOver([{ a: { labels: [1], scores: [1] } }])).toBeNull();
  expect(() => meanAucOver([])).toThrow('no runs');
});

test('bad input is refused in one line', () => {
  expect(() => classificationReport({})).toThrow('no classes');
  expect(() => classificationReport({ a: { labels: [1, 0], scores: [1] } })).toThrow('class "a" has 2 labels and 1 scores');
  expect(() => classificationReport({ a: { labels: [1, -1 as 1], scores: [1, 2] } })).toThrow('class "a", label 1 is -1');
  expect(() => classificationReport({ a: { labels: [1, 0], scores: [1, Number.NaN] } })).toThrow('class "a": score 1 is not a number');
});

test('probabilities beside the scores are calibrated against the labels that there are', () => {
  const { labels, scores } = example();
  const probabilities = scores.map((score) => Math.min(1, score / 2));
  const { effusion, edema, none } = classificationReport({
    effusion: { labels, scores, probabilities },
    edema: { labels, scores },
    none: { labels: labels.map(() => undefined), scores, probabilities },
  }).classes;
  expect(effusion!.calibration).toEqual(binaryCalibration(probabilities, labels));
  expect(edema).not.toHaveProperty('calibration');
  expect(none).not.toHaveProperty('calibration');
  expect(() => classificationReport({ effusion: { labels, scores, probabilities: scores } })).toThrow('give probabilities in [0, 1]');
});
