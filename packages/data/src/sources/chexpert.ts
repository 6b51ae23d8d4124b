// CheXpert: train.csv, valid.csv and the later published test.csv with labels, and CheXpert Plus's reports where their table is beside them.
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { DataError } from '@hybridmed/images/errors';
import { plainOrGzip } from '../files/chunks.ts';
import { pathInside } from '../files/path-inside.ts';
import { chexpertLabels } from '../chexpert-labels.ts';
import { drawItems } from '../split/draw.ts';
import type { StringColumn } from '../table/strings.ts';
import type { StudyTable } from '../table/study-table.ts';
import { StudyTableBuilder } from '../table/study-table.ts';
import type { ChexpertRow } from './chexpert-tables.ts';
import { readChexpertLabels, readPlus, studyOfPath } from './chexpert-tables.ts';
import type { ReadOptions, SourceData } from './source.ts';
import { Drops } from './source.ts';
import type { TableAbout } from './table-source.ts';
import { endingOnDisk, readTableSource } from './table-source.ts';

/** Rows of the training table held out for validation, whole patients only. */
const validationRows = 5000;

interface ChexpertFiles {
  readonly root: string;
  readonly train: string | undefined;
  readonly valid: string | undefined;
  readonly test: string | undefined;
  readonly plus: string | undefined;
  /** Where image paths begin: CheXpert Plus ships its PNGs in a folder of their own. */
  readonly images: string;
}

/** Finds the tables in the folder named or in the folders inside it. */
async function findChexpert(folder: string): Promise<ChexpertFiles> {
  if (!existsSync(folder)) throw new DataError(`${folder}: does not exist; check the path`);
  const inner = (await readdir(folder, { withFileTypes: true })).flatMap((entry) => (entry.isDirectory() ? [join(folder, entry.name)] : []));
  for (const place of [folder, ...inner.toSorted()]) {
    const table = (...names: string[]) => names.map((name) => plainOrGzip(join(place, name))).find((file) => file !== undefined);
    const [train, valid, test] = [table('train.csv'), table('valid.csv', 'val_labels.csv'), table('test.csv', 'test_labels.csv')];
    const plus = (await readdir(place)).find((name) => /^df_chexpert_plus.*\.csv(\.gz)?$/i.test(name));
    const root = resolve(place);
    const images = [join(root, 'PNG'), root].find((start) => ['train', 'test'].some((part) => existsSync(join(start, part)))) ?? root;
    if (train || test || plus) return { root, train, valid, test, plus: plus && join(place, plus), images };
  }
  throw new DataError(`${folder}: holds neither train.csv, test.csv nor df_chexpert_plus_*.csv; name the folder that does`);
}

/** The validation patients: whole patients whose rows number 5,000 (of a smaller table, a tenth of its rows). */
function drawValidation(rows: Iterable<ChexpertRow>): Set<string> {
  const sizes = new Map<string, number>();
  let training = 0;
  for (const { patient, split } of rows) {
    if (split !== 'train') continue;
    training++;
    sizes.set(patient, (sizes.get(patient) ?? 0) + 1);
  }
  return drawItems(sizes, training > validationRows ? validationRows : Math.floor(training / 10));
}

async function build({ train, valid, test, plus, images }: ChexpertFiles): Promise<{ table: StudyTable<StringColumn>; about: TableAbout }> {
  const drops = new Drops();
  const builder = new StudyTableBuilder();
  const rows = new Map<string, ChexpertRow>();
  const warnings: string[] = [];
  let count = 0;
  for (const [table, split] of [[train, 'train'] as const, [valid, test ? 'validate' : 'test'] as const, [test, 'test'] as const]) {
    if (!table) continue;
    const read = await readChexpertLabels(table, split, builder, drops, rows);
    count += read.count;
    warnings.push(...read.warnings);
  }
  const labelled = rows.size > 0;
  if (plus) count = Math.max(count, await readPlus(plus, builder, drops, rows));
  const validation = drawValidation(rows.values());
  const onDisk = endingOnDisk(images, 'id');
  for (const [id, { patient, view, split, labels, texts }] of rows) {
    if (pathInside(images, id) === undefined) {
      drops.add('the image path leaves the folder');
      continue;
    }
    const study = studyOfPath(id);
    builder.addRow({
      id,
      report: study,
      patient,
      view,
      split: split === 'train' && validation.has(patient) ? 'validate' : split,
      ending: onDisk(id, patient, study),
      labels,
      texts,
    });
  }
  const about: TableAbout = { rows: count, labelled, hasTexts: plus !== undefined, dropped: drops.counts(), splitOrigin: 'drawn', warnings };
  return { table: builder.finish(images, 'id', chexpertLabels), about };
}

/**
 * Reads the set. The test split is the published valid.csv, or test.csv where it is there: valid.csv is then for validation. More of that is 5,000 rows of train.csv drawn by patient in the order of
 * sha256(patient), so that nobody is on both sides.
 */
export async function readChexpert(folder: string, options: ReadOptions): Promise<SourceData> {
  const files = await findChexpert(folder);
  const { train, valid, test, plus, images } = files;
  const origin = {
    name: ['chexpert', resolve(folder)],
    files: [...[train, valid, test, plus].flatMap((file) => file ?? []), ...['train', 'valid', 'test'].map((part) => join(images, part))],
  };
  return readTableSource(options, origin, () => build(files), {
    offers: ({ hasTexts, labelled }) => [...(labelled ? ['labels' as const] : []), ...(hasTexts ? ['pairs' as const] : []), 'images'],
    missing: `${folder}: holds labels but no reports; put CheXpert Plus's df_chexpert_plus_*.csv beside train.csv, or name a set with reports`,
  });
}
