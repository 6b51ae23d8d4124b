// Anyone's table of images and reports (.csv, .tsv, .jsonl): columns by role, named by flags where they differ; columns of 1, 0 and -1 are labels.
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { DataError } from '@hybridmed/images/errors';
import { pathInside } from '../files/path-inside.ts';
import { readTable } from '../files/table.ts';
import { splitNamed } from '../split/names.ts';
import { splitOf } from '../split/draw.ts';
import type { Candidate, ColumnRole, DataNeed, Study } from '../study.ts';
import { columnRoles } from '../study.ts';
import { normalizeText, replacePlaceholders } from '../text.ts';
import { LabelColumns } from './label-columns.ts';
import type { ReadOptions, SourceData } from './source.ts';
import { countStudies, Drops } from './source.ts';

/** What is missing for pairs, as one line. */
function lacking(file: string, column: Readonly<Record<ColumnRole, string>>, columns: readonly string[]): string | undefined {
  const known = new Set(columns.map((name) => name.trim().toLowerCase()));
  const role = (['findings', 'impression'] as const).find((name) => !known.has(column[name].trim().toLowerCase()));
  return role && `${file}: has no column "${column[role]}"; its columns are ${columns.join(', ')}; name it with --columns ${role}=NAME`;
}

/** Reads a table. Image paths are relative to its folder, or to the folder `images` there, and may not leave it. */
export async function readCsv(file: string, options: ReadOptions): Promise<SourceData> {
  const column = Object.fromEntries(columnRoles.map((role) => [role, options.columns?.[role] ?? role])) as Record<ColumnRole, string>;
  const folder = resolve(dirname(file));
  const drops = new Drops();
  const studies: Candidate<Study>[] = [];
  const collected = new LabelColumns();
  const ids = new Set<string>();
  let line = 1;
  // Columns that the flags name must be there; those of the roles' own names may be.
  const named = columnRoles.filter((role) => role !== 'image' && options.columns?.[role] !== undefined);
  const free = columnRoles.filter((role) => role !== 'image' && !named.includes(role));
  const order: readonly ColumnRole[] = ['image', ...named, ...free];
  const advice = (name: string) => `; name it with --columns ${columnRoles.find((role) => column[role] === name)!}=NAME`;
  const wanted = { required: ['image' as const, ...named].map((role) => column[role]), optional: free.map((role) => column[role]), others: true, advice };
  const { columns, rows, broken } = await readTable(file, wanted, (values, names, row) => {
    line++;
    const cell = Object.fromEntries(order.map((role, i) => [role, values[i]!])) as Record<ColumnRole, string>;
    const split = splitNamed(cell.split);
    if (cell.split !== '' && split === undefined)
      throw new DataError(`${file}: row ${row}, column "${column.split}": "${cell.split}" is none of train, validate, test`);
    const id = cell.id || String(line - 1);
    if (cell.image.trim() === '') return drops.add('the row names no image');
    const places = [folder, join(folder, 'images')].map((place) => pathInside(place, cell.image));
    const onDisk = places.find((place) => place !== undefined && existsSync(place));
    const image = onDisk ?? places[0];
    if (image === undefined || places[0] === undefined) return drops.add('the image path leaves the folder');
    if (ids.has(id)) return drops.add('the id is used twice');
    ids.add(id);
    collected.add(names.slice(order.length), values.slice(order.length), row);
    const text = (role: 'findings' | 'impression') => replacePlaceholders(normalizeText(cell[role]), options.deidPlaceholders);
    const report = cell.study || id;
    studies.push({
      id,
      report,
      image,
      findings: text('findings'),
      impression: text('impression'),
      split: split ?? splitOf(cell.patient || report),
      ...(cell.patient ? { patient: cell.patient } : {}),
      ...(cell.view ? { view: cell.view } : {}),
      ...(onDisk ? {} : { absent: true as const }),
    });
    return undefined;
  });
  drops.add('the row is not a row of the table', broken);
  const labels = collected.finish(options);
  const labelled = labels.names.length > 0 ? studies.map((study, row) => ({ ...study, ...labels.of(row) })) : studies;
  const lack = lacking(file, column, columns);
  const offers: DataNeed[] = [...(lack ? [] : ['pairs' as const]), ...(labelled === studies ? [] : ['labels' as const]), 'images'];
  return {
    studies: labelled,
    offers,
    ...(lack ? { lacks: { pairs: lack } } : {}),
    counts: countsOf(studies, rows + broken, !lack),
    dropped: drops.counts(),
    splitOrigin: 'drawn',
    warnings: labels.warnings.map((warning) => `${file}: ${warning}`),
  };
}

function countsOf(studies: readonly Candidate<Study>[], rows: number, texts: boolean): SourceData['counts'] {
  const { studies: reports, images, patients } = countStudies(studies);
  const pairs = studies.filter(({ absent, findings, impression }) => !absent && findings !== '' && impression !== '').length;
  return { rows, ...(texts ? { reports, pairs } : {}), studies: reports, images, ...(patients > 0 ? { patients } : {}) };
}
