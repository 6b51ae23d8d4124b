// Figures for people: numbers with their intervals, and "undefined" where a figure has no meaning.
import type { Interval } from '@hybridmed/eval';
import type { ClassificationReport } from '@hybridmed/eval/protocols';
import { table } from './output.ts';

/** A figure with its interval; a null one is undefined. */
export const shownInterval = (interval: Interval | null, places = 3): string =>
  interval === null ? 'undefined' : `${interval.value.toFixed(places)} (${interval.low.toFixed(places)} to ${interval.high.toFixed(places)})`;

/** A classification report as a table, with a line for each class of which something is undefined. */
export function classificationTable(report: ClassificationReport): string {
  const { classes, meanAuc, meanAveragePrecision, over } = report;
  const rows = Object.entries(classes).map(([name, row]) => [
    name,
    shownInterval(row.auc),
    shownInterval(row.averagePrecision),
    shownInterval(row.f1),
    shownInterval(row.accuracy),
    shownInterval(row.mcc),
    `${row.positives}/${row.studies}`,
  ]);
  const mean = over.length > 1 ? [[`mean of ${over.length}`, shownInterval(meanAuc), shownInterval(meanAveragePrecision)]] : [];
  const notes = Object.entries(classes).flatMap(([name, row]) => (row.undefined === undefined ? [] : [`${name}: ${row.undefined}\n`]));
  return table([['class (95 %)', 'AUC', 'average precision', 'F1', 'accuracy', 'MCC', 'positive'], ...rows, ...mean]) + notes.join('');
}
