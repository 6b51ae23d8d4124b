// Split ids as files: a table of ids and their part, sorted, so that two people's files are equal where their splits are.
import { createHash } from 'node:crypto';
import { writeFileAtomic } from '../atomic.ts';
import { DataError } from '@hybridmed/images/errors';
import { readTable } from '../files/table.ts';
import type { Question, Split, Study } from '../study.ts';
import { splitNamed } from './names.ts';

/** What the ids of a file are. */
export type SplitKey = 'patient' | 'study' | 'image';

/** A split by id. */
export interface SplitIds {
  readonly key: SplitKey;
  readonly splits: ReadonlyMap<string, Split>;
}

// The first column's name says what the ids are; published tables have names of their own for it.
const keyNames: Readonly<Record<string, SplitKey>> = {
  patient: 'patient',
  patientid: 'patient',
  patient_id: 'patient',
  subject_id: 'patient',
  study: 'study',
  study_id: 'study',
  report: 'study',
  image: 'image',
  id: 'image',
  dicom_id: 'image',
};

const text = ({ key, splits }: SplitIds): string => {
  const cell = (id: string) => (/[",\r\n]/.test(id) ? `"${id.replaceAll('"', '""')}"` : id);
  const lines = [...splits].toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([id, split]) => `${cell(id)},${split}`);
  return `${[`${key},split`, ...lines].join('\n')}\n`;
};

/** sha256 of the file that `writeSplit` writes, which a paper can cite. */
export const splitHash = (ids: SplitIds): string => createHash('sha256').update(text(ids)).digest('hex');

/** Writes `patient,split` (or study, or image) and a line an id, sorted by id. Returns the file's sha256. */
export async function writeSplit(file: string, ids: SplitIds): Promise<string> {
  await writeFileAtomic(file, [text(ids)]);
  return splitHash(ids);
}

/** Reads such a file. Throws a DataError naming the file and row for an unknown part, an id listed twice in different parts, or an unknown first column. */
export async function readSplit(file: string): Promise<SplitIds> {
  const splits = new Map<string, Split>();
  let [key, row]: [SplitKey | undefined, number] = [undefined, 1];
  const { broken } = await readTable(file, { required: ['split'], others: true }, ([name, id], names) => {
    row++;
    key = keyNames[(names[1] ?? '').trim().toLowerCase()];
    if (!key) throw new DataError(`${file}: the column "${names[1] ?? ''}" is none of patient, study, image; it says what the ids are`);
    const split = splitNamed(name!);
    if (!split) throw new DataError(`${file}: row ${row}: "${name}" is none of train, validate, test`);
    if ((splits.get(id!) ?? split) !== split) throw new DataError(`${file}: row ${row}: "${id}" is in two parts; an id belongs to one`);
    splits.set(id!, split);
  });
  if (broken > 0) throw new DataError(`${file}: ${broken} rows are not rows of the table; restore the file`);
  if (!key) throw new DataError(`${file}: lists no id; write patient,split and a line for each patient`);
  return { key, splits };
}

/** The id by which a study is split, or undefined where it has none. */
export const studyKey = ({ patient, report, id }: Pick<Study, 'patient' | 'report' | 'id'>, key: SplitKey): string | undefined =>
  key === 'patient' ? patient || undefined : key === 'study' ? report : id;

/** The id by which a question is split, or undefined where it has none. */
export const questionKey = ({ patient, study, id }: Pick<Question, 'patient' | 'study' | 'id'>, key: SplitKey): string | undefined =>
  key === 'patient' ? patient : key === 'study' ? study : id;
