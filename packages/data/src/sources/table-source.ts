// A source whose studies are a large table: built once, kept as an index, and looked over again for images that were missing.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { labelPolicy } from '../chexpert-labels.ts';
import type { CountName, DataNeed, SplitOrigin } from '../study.ts';
import type { CachedTable, TableOrigin } from '../table/cache.ts';
import { cachedTable } from '../table/cache.ts';
import { StudyRows } from '../table/study-rows.ts';
import type { ImageLayout, StudyTable } from '../table/study-table.ts';
import { countRows, imageEndings } from '../table/study-table.ts';
import type { StringColumn } from '../table/strings.ts';
import { stringAt } from '../table/strings.ts';
import { replacePlaceholders } from '../text.ts';
import { filePresence } from './file-presence.ts';
import type { ReadOptions, SourceData } from './source.ts';

/** What is known of a table beyond its rows. */
export interface TableAbout {
  /** Rows of the published table. */
  readonly rows: number;
  readonly labelled: boolean;
  readonly hasTexts: boolean;
  readonly dropped: Readonly<Record<string, number>>;
  readonly splitOrigin: SplitOrigin;
  readonly warnings: readonly string[];
}

/** The folder of a row's image, with `/` at its end, and the file's name without its ending. */
function placeOf(layout: ImageLayout, id: string, patient: string, report: string): [folder: string, name: string] {
  if (layout === 'mimic') return [`files/p${patient.slice(0, 2)}/p${patient}/s${report}/`, id];
  const slash = id.lastIndexOf('/') + 1;
  return [id.slice(0, slash), id.slice(slash).replace(/\.[a-z]+$/i, '')];
}

/** Makes a function that gives the number of an image's ending, 0 where the image is not on disk. Images of a study should be asked for together. */
export function endingOnDisk(root: string, layout: ImageLayout): (id: string, patient: string, report: string) => number {
  const present = filePresence(root, imageEndings.slice(1));
  let [study, isThere] = ['', false];
  return (id, patient, report) => {
    if (report === study && !isThere) return 0;
    const [folder, name] = placeOf(layout, id, patient, report);
    if (report !== study) [study, isThere] = [report, present.folder(folder)];
    return isThere ? present.file(folder + name) + 1 : 0;
  };
}

/** Looks again for images that were missing when the index was made. */
function lookAgain(table: StudyTable): void {
  const { ids, patients, reports, endings } = table.columns;
  if (!existsSync(join(table.root, table.layout === 'mimic' ? 'files' : 'train'))) return;
  const onDisk = endingOnDisk(table.root, table.layout);
  for (let row = 0; row < table.length; row++) {
    if (endings[row] !== 0) continue;
    const [patient, report] = [stringAt(patients.values, patients.codes[row]!), stringAt(reports.values, reports.codes[row]!)];
    endings[row] = onDisk(stringAt(ids, row), patient, report);
  }
}

/** Reads such a source. `needs` says what it offers, `missing` what to say where it has no reports. */
export async function readTableSource(
  options: ReadOptions,
  origin: TableOrigin,
  build: () => Promise<{ table: StudyTable<StringColumn>; about: TableAbout }>,
  { offers, missing }: { offers(about: TableAbout): DataNeed[]; missing: string },
): Promise<SourceData> {
  const cached: CachedTable<TableAbout> = await cachedTable(options.index, origin, build);
  const { table, about, file, reused, problem } = cached;
  if (reused) lookAgain(table);
  const { images, pairs, reports, studies, patients } = countRows(table);
  const labels = labelPolicy(table.labelNames, options);
  const counts: Partial<Record<CountName, number>> = { rows: about.rows, ...(about.hasTexts ? { reports, pairs } : {}), studies, patients, images };
  return {
    studies: new StudyRows(table, {
      labels,
      text: (section) => replacePlaceholders(section, options.deidPlaceholders),
      // A mask stands where the placeholder stood, a word as it was.
      keepsWords: options.deidPlaceholders !== 'remove',
    }),
    offers: offers(about),
    ...(about.hasTexts ? {} : { lacks: { pairs: missing } }),
    counts,
    dropped: about.dropped,
    splitOrigin: about.splitOrigin,
    warnings: [...about.warnings, ...(problem ? [problem] : [])],
    ...(file ? { index: { file, reused } } : {}),
  };
}
