// MIMIC-CXR-JPG with MIMIC-CXR's reports: tables joined by name, the official split, images and reports where they are.
import { join, resolve } from 'node:path';
import { readTable } from '../files/table.ts';
import { chexpertLabels } from '../chexpert-labels.ts';
import { splitOf } from '../split/draw.ts';
import { StudyTableBuilder } from '../table/study-table.ts';
import type { StringColumn } from '../table/strings.ts';
import type { StudyTable } from '../table/study-table.ts';
import type { MimicReports } from './mimic-reports.ts';
import { findReports, openReports } from './mimic-reports.ts';
import type { MimicFiles } from './mimic-tables.ts';
import { findMimic, readMimicLabels, readMimicSplit } from './mimic-tables.ts';
import type { ReadOptions, SourceData } from './source.ts';
import { Drops } from './source.ts';
import type { TableAbout } from './table-source.ts';
import { endingOnDisk, readTableSource } from './table-source.ts';

/** Whether a text is an id and so cannot lead anywhere as part of a path. Ids that repeat are asked about once. */
function idCheck(): (text: string) => boolean {
  let last = '';
  return (text) => {
    if (text === last) return true;
    if (!/^[\w-]+$/.test(text)) return false;
    last = text;
    return true;
  };
}

async function build(
  { root, tables }: MimicFiles,
  reports: MimicReports | undefined,
  options: ReadOptions,
): Promise<{ table: StudyTable<StringColumn>; about: TableAbout }> {
  const drops = new Drops();
  const builder = new StudyTableBuilder();
  const splits = tables.split ? await readMimicSplit(tables.split, drops) : undefined;
  const warnings = tables.split ? [] : [`${root}: holds no mimic-cxr-*-split.csv; the split is drawn by patient`];
  const labels = await readMimicLabels(tables, options.labelTable ?? 'chexpert', builder, drops, warnings);
  const findReport = reports && (await openReports(reports, (findings, impression) => builder.addTexts(findings, impression), drops));
  const onDisk = endingOnDisk(root, 'mimic');
  const [isImage, isPatient, isStudy] = [idCheck(), idCheck(), idCheck()];
  const columns = { required: ['dicom_id', 'subject_id', 'study_id'], optional: ['ViewPosition', 'ViewCodeSequence_CodeMeaning'] };
  const { rows, broken } = await readTable(tables.metadata!, columns, (cells) => {
    const [id, patient, report, position, code] = cells as [string, string, string, string, string];
    if (!isImage(id) || !isPatient(patient) || !isStudy(report)) return drops.add('the row names no image, patient or study');
    const split = splits ? splits(id) : splitOf(patient);
    if (!split) return drops.add('the split table does not list the image');
    builder.addRow({
      id,
      report,
      patient,
      view: position.trim() || code.trim(),
      split,
      ending: onDisk(id, patient, report),
      labels: labels.get(report) ?? -1,
      texts: findReport?.(patient, report) ?? -1,
    });
    return undefined;
  });
  drops.add('the row is not a row of the table', broken);
  const about: TableAbout = {
    rows: rows + broken,
    labelled: labels.size > 0,
    hasTexts: reports !== undefined,
    dropped: drops.counts(),
    splitOrigin: tables.split ? 'published' : 'drawn',
    warnings,
  };
  return { table: builder.finish(root, 'mimic', chexpertLabels), about };
}

/** Reads the set. Views are ViewPosition's, or where that is empty the view code's meaning. */
export async function readMimic(folder: string, options: ReadOptions): Promise<SourceData> {
  const files = await findMimic(folder);
  const reports = findReports(files.root);
  // The folders of patients change when one is added or removed; single files that come later are looked for at each opening.
  const groups = Array.from({ length: 10 }, (_, i) => join(files.root, 'files', `p1${i}`));
  const texts = reports?.folder === undefined ? [] : Array.from({ length: 10 }, (_, i) => join(reports.folder!, 'files', `p1${i}`));
  const origin = {
    name: ['mimic', resolve(folder), options.labelTable ?? 'chexpert'],
    files: [...Object.values(files.tables), ...groups, ...texts, ...(reports?.table === undefined ? [] : [reports.table])],
  };
  return readTableSource(options, origin, () => build(files, reports, options), {
    offers: ({ hasTexts, labelled }) => [...(hasTexts ? ['pairs' as const] : []), ...(labelled ? ['labels' as const] : []), 'images'],
    missing: `${folder}: holds no reports; unpack mimic-cxr-reports.zip into it, or put mimic_cxr_sectioned.csv beside the tables`,
  });
}
