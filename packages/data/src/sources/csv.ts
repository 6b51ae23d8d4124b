// Anyone's table of images and reports: columns image, findings, impression, and optionally id, patient, split and labels.
import { existsSync } from 'node:fs';
import { dirname, isAbsolute, relative, resolve } from 'node:path';
import { DataError } from '../errors.ts';
import { splitOf } from '../split.ts';
import type { DataSet, SelectOptions, Split, Study } from '../study.ts';
import { Drops, normalizeText, wordCount } from '../study.ts';
import { readTable } from './table.ts';

const splits: readonly string[] = ['train', 'validate', 'test'];
const known = new Set(['image', 'findings', 'impression', 'id', 'patient', 'split', 'view']);

/** Opens a CSV file. Image paths are relative to it and may not leave its folder. Columns that hold only 0, 1 or nothing are labels. */
export async function openCsv(file: string, { minWords = 3 }: SelectOptions = {}): Promise<DataSet> {
  const { rows, broken } = await readTable(file, ['image', 'findings', 'impression']);
  const folder = resolve(dirname(file));
  const drops = new Drops();
  if (broken > 0) drops.add('the row is not a CSV row of this table', broken);
  const labelColumns = Object.keys(rows[0] ?? {}).filter((column) => !known.has(column) && rows.every((row) => ['0', '1', ''].includes(row[column]!)));
  const studies: Study[] = [];
  const seen = new Set<string>();
  rows.forEach((row, index) => {
    const image = resolve(folder, row.image!);
    const inside = relative(folder, image);
    const [findings, impression] = [normalizeText(row.findings!), normalizeText(row.impression!)];
    const id = row.id || String(index + 1);
    if (inside.startsWith('..') || isAbsolute(inside)) return drops.add('the image path leaves the folder');
    if (!existsSync(image)) return drops.add('the image file is missing');
    if (seen.has(id)) return drops.add('the id is used twice');
    if (wordCount(findings) < minWords || wordCount(impression) < minWords) return drops.add(`a section has fewer than ${minWords} words`);
    if (row.split && !splits.includes(row.split))
      throw new DataError(`${file}: row ${index + 2}, column "split": "${row.split}" is none of ${splits.join(', ')}`);
    seen.add(id);
    const labels = Object.fromEntries(labelColumns.flatMap((column) => (row[column] === '' ? [] : [[column, Number(row[column]) as 0 | 1]])));
    studies.push({
      id,
      report: id,
      image,
      findings,
      impression,
      split: (row.split as Split) || splitOf(row.patient || id),
      ...(row.patient ? { patient: row.patient } : {}),
      ...(row.view ? { view: row.view } : {}),
      ...(labelColumns.length > 0 ? { labels } : {}),
    });
    return undefined;
  });
  return {
    name: 'csv',
    spec: `csv:${file}`,
    studies,
    counts: { reports: rows.length, studies: rows.length, images: rows.length, pairs: rows.length },
    dropped: drops.counts(),
  };
}
