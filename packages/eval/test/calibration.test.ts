import { readFileSync } from 'node:fs';
import type { CalibrationReport } from '@hybridmed/eval/protocols';
import { binaryCalibration, multiclassCalibration } from '@hybridmed/eval/protocols';
import { describe, expect, test } from 'vitest';
import { numbers, sharedPath } from './shared.ts';

const { path, absent } = sharedPath('goldens-2/calibration.json');
const golden = absent ? {} : JSON.parse(readFileSync(path, 'utf8'));

const close = (ours: number, theirs: number) => expect(Math.abs(ours - theirs)).toBeLessThanOrEqual(1e-6);

function compare(report: CalibrationReport, expected: Record<string, number> & { bins: { count: number; confidence?: number; accuracy?: number }[] }) {
  close(report.ece.value, expected.ece!);
  close(report.mce.value, expected.mce!);
  close(report.adaptiveEce.value, expected.adaptive_ece!);
  close(report.brier.value, expected.brier!);
  close(report.nll!.value, expected.nll!);
  expect(report.bins).toHaveLength(expected.bins.length);
  expected.bins.forEach(({ count, confidence, accuracy }, i) => {
    const bin = report.bins[i]!;
    expect(bin.count).toBe(count);
    if (count === 0) return expect(bin).toEqual({ count: 0, confidence: null, accuracy: null });
    close(bin.confidence!, confidence!);
    return close(bin.accuracy!, accuracy!);
  });
}

describe.skipIf(absent)('reference values within 1e-6 (skipped where shared/goldens-2 is absent)', () => {
  test('of one probability a case', () => {
    const { probabilities, labels, ...expected } = golden.binary;
    compare(binaryCalibration(probabilities, labels, { samples: 20 }), expected);
  });

  test('of one probability a class', () => {
    const { probabilities, labels, ...expected } = golden.multiclass;
    const rows = { data: Float64Array.from(probabilities.flat()), shape: [probabilities.length, probabilities[0].length] };
    compare(multiclassCalibration(rows, labels, { samples: 20 }), expected);
  });
});

test('figures worked out by hand', () => {
  // Two bins: (0, 0.5] holds 0.1 and 0.5, of which one happened; (0.5, 1] holds 0.9, which did not.
  const report = binaryCalibration([0.1, 0.5, 0.9], [0, 1, 0], { bins: 2, samples: 10 });
  expect(report.bins.map(({ count }) => count)).toEqual([2, 1]);
  close(report.ece.value, (2 * Math.abs(0.5 - 0.3) + 0.9) / 3);
  close(report.mce.value, 0.9);
  // Equally many cases: 0.1 and 0.5, then 0.9: the larger bin first.
  close(report.adaptiveEce.value, (2 * 0.2 + 0.9) / 3);
  close(report.brier.value, (0.01 + 0.25 + 0.81) / 3);
  close(report.nll!.value, -(Math.log(0.9) + Math.log(0.5) + Math.log(0.1)) / 3);
});

test('a bin is closed above, whatever a product would round to', () => {
  const bins = 15;
  const edges = Array.from({ length: bins }, (_, k) => (k + 1) / bins);
  const counts = binaryCalibration([0, ...edges], [0, ...edges.map(() => 1 as const)], { samples: 1 }).bins.map(({ count }) => count);
  expect(counts).toEqual([2, ...Array.from({ length: bins - 1 }, () => 1)]);
});

test('the probabilities that made the labels are calibrated; sharper ones are not', () => {
  const next = numbers(5);
  const p = Array.from({ length: 4000 }, next);
  const labels = p.map((value) => (next() < value ? 1 : 0));
  const right = binaryCalibration(p, labels, { samples: 50 });
  const sharp = binaryCalibration(
    p.map((value) => (value > 0.5 ? (1 + value) / 2 : value / 2)),
    labels,
    { samples: 50 },
  );
  expect(right.ece.value).toBeLessThan(0.03);
  expect(sharp.ece.low).toBeGreaterThan(0.08);
  expect(right.brier.high).toBeLessThan(sharp.brier.low);
  expect(right.nll!.value).toBeLessThan(sharp.nll!.value);
});

test('resamples of equally many cases part a case that is drawn often', () => {
  const report = binaryCalibration([0.2, 0.8], [0, 1], { bins: 2, samples: 200 });
  // Whatever is drawn, each case's gap is 0.2.
  for (const { value, low, high } of [report.ece, report.adaptiveEce]) for (const figure of [value, low, high]) close(figure, 0.2);
});

test('cases without a label are left out; a probability of 0 for the label is said', () => {
  expect(binaryCalibration([0.3, 0.4], [1, undefined], { samples: 5 }).cases).toBe(1);
  const report = binaryCalibration([0, 0.5], [1, 0], { samples: 5 });
  expect(report.nll).toBeNull();
  expect(report.undefined).toBe('the labels of 1 of 2 cases had probability 0: the negative log-likelihood is infinite');
});

test('a class that is not among them is missed by every answer', () => {
  const report = multiclassCalibration({ data: Float64Array.of(0.75, 0.25, 1, 0), shape: [2, 2] }, [-1, 0], { samples: 5 });
  close(report.brier.value, (0.75 ** 2 + 0.25 ** 2 + 1) / 2);
  close(report.ece.value, 0.75 / 2);
  expect(report.nll).toBeNull();
});

test('what is no probability is refused', () => {
  expect(() => binaryCalibration([1.2], [1])).toThrow('binaryCalibration: probability 0 is 1.2; give probabilities in [0, 1], not scores or logits');
  expect(() => binaryCalibration([0.5], [2 as 0])).toThrow('binaryCalibration: label 0 is 2; give 0, 1 or undefined');
  expect(() => binaryCalibration([0.5], [undefined])).toThrow('binaryCalibration: no case has a label; give at least one');
  expect(() => binaryCalibration([0.5], [1, 0])).toThrow('binaryCalibration: 1 probabilities but 2 labels; give one for each');
  expect(() => binaryCalibration([0.5], [1], { bins: 0 })).toThrow('calibration: bins is 0; give a whole number from 1');
  const rows = { data: Float64Array.of(0.5, 0.4), shape: [1, 2] };
  expect(() => multiclassCalibration(rows, [0])).toThrow('multiclassCalibration: the probabilities of case 0 sum to 0.9; give those of a softmax');
  expect(() => multiclassCalibration(rows, [2])).toThrow('multiclassCalibration: label 0 is 2; give a class from 0 to 1, or -1 for one that is not among them');
  expect(() => multiclassCalibration({ data: Float64Array.of(1), shape: [1, 2] }, [0])).toThrow(
    'multiclassCalibration: probabilities have shape [1, 2] and 1 values; give (cases, classes)',
  );
});
