// Labels of reports as numbers that an image encoder is trained by and measured against: a column for each label of each text, with a mask.
import type { ImageLabel } from './image-labels.ts';
import { imageLabels, labelImage } from './image-labels.ts';
import { fewestStudies } from './label-counts.ts';
import { mentionedLabels } from './labels.ts';

/** Texts that labels are read in: the impression, the findings with the impression, or each of both for itself. */
export type LabelTexts = 'impression' | 'report' | 'both';

/** What a label is that a text doubts: it does not count, is absent (0) or present (1). */
export type DoubtPolicy = 'mask' | 0 | 1;

/** The sections of a study. */
export interface LabelledTexts {
  readonly findings: string;
  readonly impression: string;
}

/** Labels of N studies in K columns, row-major: 1 for present and 0 for not (N, K), and 1 for those that count (N, K). */
export interface LabelTargets {
  readonly columns: readonly string[];
  readonly values: Float32Array;
  readonly mask: Float32Array;
}

/** Columns that can be trained, with the log odds of their labels, and those that cannot, each with its counts of reports in words. */
export interface TrainableColumns {
  readonly columns: readonly string[];
  readonly logOdds: readonly number[];
  readonly leftOut: readonly string[];
}

type Text = Exclude<LabelTexts, 'both'>;

const textsOf: Readonly<Record<LabelTexts, readonly Text[]>> = { impression: ['impression'], report: ['report'], both: ['report', 'impression'] };

const columnOf = (text: Text, label: ImageLabel): string => `${text}: ${label}`;

/** What a column is of: the text, and the label. Undefined for a name that is none. */
export function columnParts(column: string): { readonly text: Text; readonly label: ImageLabel } | undefined {
  const [text, label] = column.split(': ') as [Text, ImageLabel];
  return textsOf.both.includes(text) && imageLabels.includes(label) ? { text, label } : undefined;
}

// A full stop between them: neither section may continue the other's last clause.
const read: Readonly<Record<Text, (study: LabelledTexts) => string>> = {
  impression: ({ impression }) => impression,
  report: ({ findings, impression }) => `${findings}. ${impression}`,
};

const diseases: readonly ImageLabel[] = mentionedLabels.filter((label) => label !== 'Support Devices');

/**
 * What a text says of every label, as 0 and 1; undefined where it does not count. "No Finding" follows from the diseases under the same
 * policy: it is absent where one is present, and where none is but some are doubted it does not count (`mask`), or is what it would be
 * if those were absent (0: present) or present (1: absent).
 */
function valuesOf(text: string, doubtful: DoubtPolicy): Readonly<Record<ImageLabel, 0 | 1 | undefined>> {
  const said = labelImage(text);
  const doubted = doubtful === 'mask' ? undefined : doubtful;
  const value = (label: ImageLabel) => (said[label] === 'present' ? 1 : said[label] === 'uncertain' ? doubted : 0);
  const ofDiseases = diseases.map(value);
  const normal = ofDiseases.includes(1) ? 0 : ofDiseases.includes(undefined) ? undefined : 1;
  return Object.fromEntries(imageLabels.map((label) => [label, label === 'No Finding' ? normal : value(label)])) as Record<ImageLabel, 0 | 1 | undefined>;
}

/** Labels of studies in some columns. Throws a RangeError for a column that is none. */
export function labelTargets(studies: readonly LabelledTexts[], columns: readonly string[], doubtful: DoubtPolicy): LabelTargets {
  const parts = columns.map((column) => {
    const known = columnParts(column);
    if (!known) throw new RangeError(`"${column}" is no label of this version`);
    return known;
  });
  const texts = [...new Set(parts.map(({ text }) => text))];
  const values = new Float32Array(studies.length * columns.length);
  const mask = new Float32Array(values.length);
  studies.forEach((study, row) => {
    const said = Object.fromEntries(texts.map((text) => [text, valuesOf(read[text](study), doubtful)]));
    parts.forEach(({ text, label }, column) => {
      const value = said[text]![label];
      if (value === undefined) return;
      values[row * columns.length + column] = value;
      mask[row * columns.length + column] = 1;
    });
  });
  return { columns, values, mask };
}

/** The columns that training studies can train: those of labels that are present in at least ten of their reports and absent in at least ten. */
export function trainableColumns(
  studies: readonly (LabelledTexts & { readonly report: string })[],
  texts: LabelTexts,
  doubtful: DoubtPolicy,
): TrainableColumns {
  const all = textsOf[texts].flatMap((text) => imageLabels.map((label) => columnOf(text, label)));
  const { values, mask } = labelTargets(studies, all, doubtful);
  const rows = Array.from(studies.keys());
  // Several images may share a report.
  const known = new Set<string>();
  const ofReports = rows.filter((row) => !known.has(studies[row]!.report) && known.add(studies[row]!.report));
  const counts = (of: readonly number[], column: number) => {
    const own = of.map((row) => row * all.length + column).filter((at) => mask[at] === 1);
    const present = own.filter((at) => values[at] === 1).length;
    return [present, own.length - present] as const;
  };
  const kept: { column: string; logOdds: number }[] = [];
  const leftOut: string[] = [];
  all.forEach((column, i) => {
    const [present, absent] = counts(ofReports, i);
    if (Math.min(present, absent) < fewestStudies) leftOut.push(`${column} (${present} present, ${absent} absent)`);
    else {
      const [positive, negative] = counts(rows, i);
      kept.push({ column, logOdds: Math.log(positive / negative) });
    }
  });
  return { columns: kept.map(({ column }) => column), logOdds: kept.map(({ logOdds }) => logOdds), leftOut };
}
