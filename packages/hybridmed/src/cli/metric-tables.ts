// Metrics as text: numbers with their confidence intervals, and "undefined" where a metric has no value.
import type { Interval } from '@hybridmed/eval';
import type { CalibrationReport, ClassificationReport } from '@hybridmed/eval/protocols';
import { table } from './output.ts';

/** A metric with its confidence interval; null is undefined. */
export const formatInterval = (interval: Interval | null, places = 3): string =>
  interval === null ? 'undefined' : `${interval.value.toFixed(places)} (${interval.low.toFixed(places)} to ${interval.high.toFixed(places)})`;

/** A classification report as a table, with a line for each class of which a metric is undefined. */
export function classificationTable(report: ClassificationReport): string {
  const { classes, meanAuc, meanAveragePrecision, over } = report;
  const rows = Object.entries(classes).map(([name, row]) => [
    name,
    formatInterval(row.auc),
    formatInterval(row.averagePrecision),
    formatInterval(row.f1),
    formatInterval(row.accuracy),
    formatInterval(row.mcc),
    `${row.positives}/${row.studies}`,
  ]);
  const mean = over.length > 1 ? [[`mean of ${over.length}`, formatInterval(meanAuc), formatInterval(meanAveragePrecision)]] : [];
  const notes = Object.entries(classes).flatMap(([name, row]) => (row.undefined === undefined ? [] : [`${name}: ${row.undefined}\n`]));
  return table([['class (95 %)', 'AUC', 'average precision', 'F1', 'accuracy', 'MCC', 'positive'], ...rows, ...mean]) + notes.join('');
}

const calibrationFigures = [
  ['ECE', ({ ece }: CalibrationReport) => ece.value],
  ['adaptive ECE', ({ adaptiveEce }: CalibrationReport) => adaptiveEce.value],
  ['Brier', ({ brier }: CalibrationReport) => brier.value],
  ['NLL', ({ nll }: CalibrationReport) => nll?.value],
] as const;

/** Calibration by name as a table, the mean where a name has several (runs over seeds); empty where none has any. */
export function calibrationTable(byName: Readonly<Record<string, readonly CalibrationReport[]>>): string {
  const mean = (values: readonly (number | undefined)[]): string =>
    values.includes(undefined) ? 'undefined' : (values.reduce((sum: number, value) => sum + value!, 0) / values.length).toFixed(3);
  const rows = Object.entries(byName).flatMap(([name, own]) =>
    own.length === 0 ? [] : [[name, ...calibrationFigures.map(([, valueOf]) => mean(own.map(valueOf)))]],
  );
  return rows.length === 0 ? '' : table([['calibration', ...calibrationFigures.map(([title]) => title)], ...rows]);
}

/** The calibration of each class, of one report or several. */
export const calibrationByClass = (reports: readonly ClassificationReport[]): Record<string, CalibrationReport[]> =>
  Object.fromEntries(
    [...new Set(reports.flatMap(({ classes }) => Object.keys(classes)))].map((name) => [
      name,
      reports.flatMap(({ classes }) => classes[name]?.calibration ?? []),
    ]),
  );
