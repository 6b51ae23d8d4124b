// CheXpert's tables by image path: labels of train.csv and valid.csv, and the report sections of CheXpert Plus.
import { readTable } from '../files/table.ts';
import { chexpertLabels, LabelCells } from '../chexpert-labels.ts';
import { splitNamed } from '../split/names.ts';
import type { Split } from '../study.ts';
import type { StudyTableBuilder } from '../table/study-table.ts';
import { normalizeText } from '../text.ts';
import type { Drops } from './source.ts';

/** What the tables say of an image; labels and texts are numbers of the builder's, -1 for none. */
export interface ChexpertRow {
  readonly patient: string;
  readonly view: string;
  /** The part that the tables give it. */
  readonly split: Split;
  readonly labels: number;
  texts: number;
}

/** `CheXpert-v1.0-small/train/patient00001/study1/view1_frontal.jpg` without what stands before `train`, `valid` or `test`. */
const shortPath = (path: string): string =>
  path
    .trim()
    .replaceAll('\\', '/')
    .replace(/^.*?(?=(?:train|valid|val|test)\/patient)/, '');

const patientOf = (path: string): string | undefined => /(patient\d+)\//.exec(path)?.[1];

/** The study's part of an image's path. */
export const studyOfPath = (path: string): string => path.slice(0, path.lastIndexOf('/'));

/** `Frontal` or `Lateral` from a file's name: the later tables have no column for it. */
const viewOfPath = (path: string): string => (/_frontal\.\w+$/i.test(path) ? 'Frontal' : /_lateral\.\w+$/i.test(path) ? 'Lateral' : '');

/** Reads a table of labels into `rows` and `builder`. Returns how many rows it has, and what is odd in it. */
export async function readChexpertLabels(
  table: string,
  split: Split,
  builder: StudyTableBuilder,
  drops: Drops,
  rows: Map<string, ChexpertRow>,
): Promise<{ count: number; warnings: readonly string[] }> {
  const cells = new LabelCells(table);
  const columns = { required: ['Path'], optional: ['Frontal/Lateral', ...chexpertLabels] };
  const summary = await readTable(table, columns, ([path, view, ...values], _, row) => {
    const id = shortPath(path!);
    const patient = patientOf(id);
    if (patient === undefined) return drops.add('the path names no patient');
    if (rows.has(id)) return drops.add('the path is listed twice');
    const labels = builder.addLabels(chexpertLabels.length, (label) => cells.read(values[label]!, chexpertLabels[label]!, `row ${row}`));
    rows.set(id, { patient, view: view!.trim() || viewOfPath(id), split, labels, texts: -1 });
    return undefined;
  });
  drops.add('the row is not a row of the table', summary.broken);
  return { count: summary.rows + summary.broken, warnings: cells.warnings() };
}

/**
 * Reads CheXpert Plus's table of reports: texts of images that are known, and images that are not. The parts are named as the folders
 * are: what it calls valid is the field's test part. Returns how many rows it has.
 */
export async function readPlus(table: string, builder: StudyTableBuilder, drops: Drops, rows: Map<string, ChexpertRow>): Promise<number> {
  const columns = {
    required: ['path_to_image', 'section_findings', 'section_impression'],
    optional: ['deid_patient_id', 'frontal_lateral', 'split'],
  };
  const { rows: read, broken } = await readTable(table, columns, ([path, findings, impression, deid, view, split]) => {
    const id = shortPath(path!);
    const patient = patientOf(id) ?? deid;
    if (!patient) return drops.add('the path names no patient');
    const known = rows.get(id);
    if (known && known.texts >= 0) return drops.add('the path is listed twice');
    const texts = builder.addTexts(normalizeText(findings!), normalizeText(impression!));
    if (known) known.texts = texts;
    else {
      const held = (splitNamed(split!) ?? (id.startsWith('train/') ? 'train' : 'test')) !== 'train';
      rows.set(id, { patient, view: view!.trim(), split: held ? 'test' : 'train', labels: -1, texts });
    }
    return undefined;
  });
  drops.add('the row is not a row of the table', broken);
  return read + broken;
}
