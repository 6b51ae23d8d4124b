// What `data check` says of a set: the report of the data package, with what the rule labeller reads in the reports, as JSON or as lines.
import type { CheckOptions, DataReport, Split, Study } from '@hybridmed/data';
import type { ImageLabelCounts } from '@hybridmed/eval/labeller';
import { HybridmedError } from '@hybridmed/tensor';
import type { Output } from './output.ts';
import { printResult, table } from './output.ts';

const countNames = ['rows', 'reports', 'studies', 'patients', 'images', 'pairs', 'questions'] as const;

const splitNames: readonly Split[] = ['train', 'validate', 'test'];

/** What the rule labeller reads in the reports. */
interface ReportLabels {
  /** Studies by label and split. */
  readonly counts: ImageLabelCounts<Split>;
  /** A line for each label that is said in too few training studies. */
  readonly rare: readonly string[];
}

/** A check's report, with the labels of reports where they were asked for. */
type CheckResult = DataReport & { readonly reportLabels?: ReportLabels };

async function readReportLabels(spec: string, need: string, studies: readonly Study[]): Promise<ReportLabels> {
  const { countImageLabels, rareLabels } = await import('@hybridmed/eval/labeller');
  if (!studies.some(({ findings, impression }) => findings || impression))
    throw new HybridmedError(`--labels: ${spec} gives no text of reports for ${need}; ask for pairs with --need pairs, or leave --labels out`);
  const counts = countImageLabels(studies);
  return { counts, rare: rareLabels(counts).map(({ line }) => line) };
}

/** Rows of a table: each label's studies by split. */
function reportLabelRows({ counts }: ReportLabels): string[][] {
  return Object.entries(counts).map(([label, bySplit]) => {
    const numbers = (kind: 'positive' | 'negative' | 'uncertain') => splitNames.map((split) => bySplit[split]?.[kind] ?? 0).join('/');
    return [`reports say ${label}`, `positive ${numbers('positive')}, negative ${numbers('negative')}, uncertain ${numbers('uncertain')}`];
  });
}

/** A report as aligned lines. */
function formatReport(report: CheckResult): string {
  const { splits, splitOrigin, dropped, words, labels = {}, leaks, shared, warnings, unreadable } = report;
  const rows = [
    ...countNames.flatMap((name) => (report[name] === undefined ? [] : [[name, String(report[name])]])),
    [`kept (${report.need})`, String(report.kept)],
    ...Object.entries(splits).map(([split, count]) => [`  ${split}`, String(count)]),
    ['studies by split', Object.values(report.splitStudies).join('/')],
    ['split', splitOrigin],
    ['dropped', String(Object.values(dropped).reduce((a, b) => a + b, 0))],
    ...Object.entries(dropped).map(([reason, count]) => [`  ${reason}`, String(count)]),
    ...Object.entries(labels).map(([label, { train, validate, test }]) => [
      `label ${label}`,
      `positive ${train.positive}/${validate.positive}/${test.positive}, negative ${train.negative}/${validate.negative}/${test.negative}`,
    ]),
    ...(report.reportLabels ? reportLabelRows(report.reportLabels) : []),
    ...Object.entries(report.answerTypes ?? {}).map(([split, { closed, open }]) => [`questions of ${split}`, `closed ${closed}, open ${open}`]),
    ...Object.entries(report.categories ?? {}).map(([name, { train, validate, test }]) => [`category ${name}`, `${train}/${validate}/${test}`]),
    ...Object.entries(words).map(([text, { median, p95, max }]) => [`words of ${text}`, `median ${median}, 95 % ${p95}, maximum ${max}`]),
    ...(words['impression'] ? [['repeated impressions', String(report.repeatedImpressions)]] : []),
    ...Object.entries(shared).map(([what, count]) => [`${what} across splits`, String(count)]),
    ...(report.lookAlikes ? [['look-alikes across splits', String(report.lookAlikes.pairs)]] : []),
    ['leaks', String(Object.values(leaks).reduce((a, b) => a + b, 0))],
    ...(unreadable ? [['unreadable images', String(unreadable.length)]] : []),
  ];
  const lines = [
    ...(report.reportLabels?.rare ?? []).map((line) => `left out: ${line}`),
    ...(report.lookAlikes?.examples ?? []).map(([a, b]) => `  alike: ${a} ${b}`),
    ...report.sharedExamples.map((line) => `  across splits: ${line}`),
    ...(unreadable ?? []).map((line) => `  ${line}`),
    ...warnings.map((line) => `warning: ${line}`),
  ];
  return table(rows) + lines.map((line) => `${line}\n`).join('');
}

/** How a set is checked; `labels` says whether the reports are read. */
export interface PrintCheckOptions extends CheckOptions {
  readonly labels: boolean;
}

/** Checks a set and prints the report; the exit code is 1 for a leak. Throws as `checkDataSet` does. */
export async function printCheck(output: Output, values: { readonly json: boolean }, spec: string, { labels, ...options }: PrintCheckOptions): Promise<void> {
  const { checkDataSet } = await import('@hybridmed/data');
  let studies: readonly Study[] = [];
  const checked = await checkDataSet(spec, { ...options, onStudies: (counted) => (studies = counted) });
  const report: CheckResult = labels ? { ...checked, reportLabels: await readReportLabels(spec, checked.need, studies) } : checked;
  printResult(output, values, report, formatReport);
  if (Object.values(report.leaks).some((count) => count > 0)) output.exitCode = 1;
}
