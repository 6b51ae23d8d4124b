// MIMIC-CXR-JPG's tables, 2.0.0 and 2.1.0: which files they are, the official split, the labels of studies.
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { DataError } from '@hybridmed/images/errors';
import { readTable } from '../files/table.ts';
import { chexpertLabels, LabelCells } from '../chexpert-labels.ts';
import { splitNamed } from '../split/names.ts';
import type { Split } from '../study.ts';
import { OrderedLookup } from '../table/ordered-lookup.ts';
import type { StudyTableBuilder } from '../table/study-table.ts';
import { splitNames } from '../table/study-table.ts';
import type { Drops } from './source.ts';

/** The tables of a set by kind; `test-set-labeled` are the radiologist's labels that came with 2.1.0. */
export type MimicTable = 'metadata' | 'split' | 'chexpert' | 'negbio' | 'test-set-labeled';

/** Where a set is. */
export interface MimicFiles {
  /** The folder that holds `files/` and the tables. */
  readonly root: string;
  readonly tables: Readonly<Partial<Record<MimicTable, string>>>;
}

const pattern = /^mimic-cxr-([\d.]+)-(metadata|split|chexpert|negbio|test-set-labeled)\.csv(\.gz)?$/;

/** Finds the tables in a folder or in the folders inside it. Throws a DataError where there is no metadata table. */
export async function findMimic(folder: string): Promise<MimicFiles> {
  if (!existsSync(folder)) throw new DataError(`${folder}: does not exist; check the path`);
  const inner = (await readdir(folder, { withFileTypes: true })).flatMap((entry) => (entry.isDirectory() ? [join(folder, entry.name)] : []));
  for (const root of [folder, ...inner.toSorted()]) {
    const tables: Partial<Record<MimicTable, string>> = {};
    // Sorted, a later version wins, and an unpacked table over a packed one.
    for (const name of (await readdir(root)).toSorted((a, b) => (a.replace(/\.gz$/, '') === b.replace(/\.gz$/, '') ? b.length - a.length : a < b ? -1 : 1))) {
      const kind = pattern.exec(name)?.[2] as MimicTable | undefined;
      if (kind) tables[kind] = join(root, name);
    }
    if (tables.metadata) return { root: resolve(root), tables };
  }
  throw new DataError(`${folder}: holds no mimic-cxr-*-metadata.csv or .csv.gz; name the folder of MIMIC-CXR-JPG that does`);
}

/** The official split by image. */
export async function readMimicSplit(table: string, drops: Drops): Promise<(id: string) => Split | undefined> {
  const splits = new OrderedLookup();
  const { broken } = await readTable(table, { required: ['dicom_id', 'split'] }, ([id, name]) => {
    const split = splitNamed(name!);
    if (split) splits.add(id!, splitNames.indexOf(split));
    else drops.add('the split is none of train, validate, test');
  });
  drops.add('the row is not a row of the table', broken);
  return (id) => splitNames[splits.get(id) ?? -1];
}

/** Rows of labels by study: the labeller's, and the radiologist's in their place where there are any. Adds to `warnings` what is odd in the tables. */
export async function readMimicLabels(
  tables: MimicFiles['tables'],
  labeller: 'chexpert' | 'negbio',
  builder: StudyTableBuilder,
  drops: Drops,
  warnings: string[],
): Promise<OrderedLookup> {
  const labels = new OrderedLookup();
  const read = async (table: string, names: readonly string[], cellAt: (cells: readonly string[], label: number) => string): Promise<void> => {
    const columns = { required: ['study_id'], optional: names };
    const reader = new LabelCells(table);
    const { broken } = await readTable(table, columns, (cells, _, row) => {
      labels.add(
        cells[0]!,
        builder.addLabels(chexpertLabels.length, (label) => reader.read(cellAt(cells, label), chexpertLabels[label]!, `row ${row}`)),
      );
    });
    warnings.push(...reader.warnings());
    drops.add('the row is not a row of the table', broken);
  };
  const automatic = tables[labeller];
  if (automatic) await read(automatic, chexpertLabels, (cells, label) => cells[label + 1]!);
  const expert = tables['test-set-labeled'];
  if (!expert) return labels;
  // The radiologist's table calls Lung Opacity by another name.
  const opacity = chexpertLabels.indexOf('Lung Opacity');
  await read(expert, [...chexpertLabels, 'Airspace Opacity'], (cells, label) => cells[label + 1]! || (label === opacity ? cells.at(-1)! : ''));
  return labels;
}
