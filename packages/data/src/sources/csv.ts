// Anyone's table of images and reports: columns image, findings, impression, id, patient, study, split and labels, named by flags where they differ.
import { existsSync } from 'node:fs';
import { dirname, isAbsolute, relative, resolve } from 'node:path';
import { DataError } from '../errors.ts';
import { splitOf } from '../split/draw.ts';
import type { ColumnRole, Split, Study } from '../study.ts';
import { normalizeText, treatResidue } from '../text.ts';
import type { Candidate, ReadOptions, SourceData } from './source.ts';
import { columnOf, Drops } from './source.ts';
import { readTable } from './table.ts';

const splits: readonly string[] = ['train', 'validate', 'test'];
const roles: readonly ColumnRole[] = ['image', 'findings', 'impression', 'id', 'patient', 'study', 'split', 'view'];

/** Reads a table. Image paths are relative to it and may not leave its folder. Columns that hold only 0, 1 or nothing are labels. */
export async function readCsv(file: string, options: ReadOptions): Promise<SourceData> {
  const column = Object.fromEntries(roles.map((role) => [role, columnOf(options, role)])) as Record<ColumnRole, string>;
  const { rows, broken } = await readTable(file, [column.image]);
  const has = (role: ColumnRole) => column[role] in (rows[0] ?? {});
  const folder = resolve(dirname(file));
  const drops = new Drops();
  drops.add('the row is not a CSV row of this table', broken);
  const known = new Set(Object.values(column));
  const labelColumns = Object.keys(rows[0] ?? {}).filter(
    (name) => !known.has(name) && rows.every((row) => ['0', '1', ''].includes(row[name]!)) && rows.some((row) => row[name] !== ''),
  );
  const text = (row: Record<string, string>, role: ColumnRole) => treatResidue(normalizeText(row[column[role]] ?? ''), options.residue);
  const studies: Candidate<Study>[] = [];
  const seen = new Set<string>();
  rows.forEach((row, index) => {
    const image = resolve(folder, row[column.image]!);
    const inside = relative(folder, image);
    const [id, patient, view, split] = [row[column.id] || String(index + 1), row[column.patient], row[column.view], row[column.split]];
    if (inside === '' || inside.startsWith('..') || isAbsolute(inside)) return drops.add('the image path leaves the folder');
    if (seen.has(id)) return drops.add('the id is used twice');
    if (split && !splits.includes(split))
      throw new DataError(`${file}: row ${index + 2}, column "${column.split}": "${split}" is none of ${splits.join(', ')}`);
    seen.add(id);
    const labels = Object.fromEntries(labelColumns.flatMap((name) => (row[name] === '' ? [] : [[name, Number(row[name]) as 0 | 1]])));
    const report = row[column.study] || id;
    studies.push({
      id,
      report,
      image,
      findings: text(row, 'findings'),
      impression: text(row, 'impression'),
      split: (split as Split) || splitOf(patient || report),
      ...(patient ? { patient } : {}),
      ...(view ? { view } : {}),
      ...(labelColumns.length > 0 ? { labels } : {}),
      ...(existsSync(image) ? {} : { absent: true as const }),
    });
    return undefined;
  });
  const reports = new Set(studies.map(({ report }) => report)).size;
  const patients = new Set(studies.flatMap(({ patient }) => patient ?? [])).size;
  const without = (['findings', 'impression'] as const).find((role) => !has(role));
  return {
    studies,
    ...(without
      ? {
          lacks: {
            pairs: `${file}: has no column "${column[without]}"; its columns are ${Object.keys(rows[0] ?? {}).join(', ')}; name it with --column ${without}=NAME`,
          },
        }
      : {}),
    offers: [...(without === undefined ? (['pairs'] as const) : []), ...(labelColumns.length > 0 ? (['labels'] as const) : []), 'images'],
    counts: {
      rows: rows.length,
      ...(without === undefined ? { reports } : {}),
      studies: reports,
      images: studies.filter(({ absent }) => !absent).length,
      ...(without === undefined ? { pairs: studies.filter(({ absent, findings, impression }) => !absent && findings !== '' && impression !== '').length } : {}),
      ...(has('patient') ? { patients } : {}),
    },
    dropped: drops.counts(),
    splitOrigin: 'drawn',
  };
}
