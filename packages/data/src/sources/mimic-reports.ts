// Reports of MIMIC-CXR by study: the authors' table of sections, or the text files themselves.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DataError } from '@hybridmed/images/errors';
import { plainOrGzip } from '../files/chunks.ts';
import { decodeText } from '../files/encoding.ts';
import { readTable } from '../files/table.ts';
import { normalizeText } from '../text.ts';
import { readMimicReport } from './mimic-sections.ts';
import { filePresence } from './file-presence.ts';
import type { Drops } from './source.ts';

/** Takes a report's sections and gives their number. */
export type AddTexts = (findings: string, impression: string) => number;

/** Finds a study's report by patient (`10000032`) and study (`50414267`); -1 where there is none. */
export type ReportFinder = (patient: string, study: string) => number;

/** Where the reports are: a table of sections, or a folder that holds `files/p10/p10000032/s50414267.txt`. */
export interface MimicReports {
  readonly table?: string;
  readonly folder?: string;
}

// The longest report has some ten thousand characters.
const maxReport = 1 << 20;
const tableName = 'mimic_cxr_sectioned.csv';
const textFolders = ['mimic-cxr-reports', 'reports', 'mimic-cxr', '.'];

/** Whether a folder's `files/` holds reports: a text file in one of the first patients' folders. */
function hasTexts(place: string): boolean {
  const files = join(place, 'files');
  if (!existsSync(files)) return false;
  const folders = (folder: string) => readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [join(folder, entry.name)] : []));
  const patients = folders(files).flatMap((group) => folders(group).slice(0, 10));
  return patients.some((patient) => readdirSync(patient).some((name) => /^s\d+\.txt$/.test(name)));
}

/** Finds the reports that stand in a set's folder; undefined where there are none. */
export function findReports(root: string): MimicReports | undefined {
  const table = plainOrGzip(join(root, tableName));
  if (table) return { table };
  const folder = textFolders.map((name) => join(root, name)).find(hasTexts);
  return folder === undefined ? undefined : { folder };
}

async function readSectioned(table: string, add: AddTexts, drops: Drops): Promise<ReportFinder> {
  const reports = new Map<string, number>();
  const columns = { required: ['study', 'impression', 'findings'], optional: ['last_paragraph', 'comparison'] };
  const { broken } = await readTable(table, columns, ([study, impression, findings, lastParagraph, comparison]) => {
    const conclusion = impression || (findings ? '' : lastParagraph || comparison!);
    reports.set(study!.replace(/^s/, ''), add(normalizeText(findings!), normalizeText(conclusion)));
  });
  drops.add('the row is not a row of the table', broken);
  return (_, study) => reports.get(study) ?? -1;
}

/** Opens the reports. Where a report has neither section, its conclusion (last paragraph, else comparison) stands for the impression. */
export async function openReports({ table, folder }: MimicReports, add: AddTexts, drops: Drops): Promise<ReportFinder> {
  if (table !== undefined) return readSectioned(table, add, drops);
  const present = filePresence(folder!, ['.txt']);
  const read = (patient: string, study: string): number => {
    const stem = `files/p${patient.slice(0, 2)}/p${patient}/s${study}`;
    if (present.file(stem) < 0) return -1;
    const file = `${folder!}/${stem}.txt`;
    const entry = statSync(file);
    if (!entry.isFile()) {
      drops.add('the report is no regular file');
      return -1;
    }
    if (entry.size > maxReport) {
      drops.add('the report is larger than 1 MiB');
      return -1;
    }
    try {
      const { findings = '', impression, conclusion } = readMimicReport(decodeText(file, readFileSync(file)), `s${study}`);
      return add(normalizeText(findings), normalizeText(impression ?? (findings === '' ? conclusion : '')));
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      drops.add('the report is not UTF-8 (name its encoding with --encoding)');
      return -1;
    }
  };
  const known = new Map<string, number>();
  return (patient, study) => {
    let texts = known.get(study);
    if (texts === undefined) known.set(study, (texts = read(patient, study)));
    return texts;
  };
}
