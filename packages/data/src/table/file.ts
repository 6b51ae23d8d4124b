// A study table as a file of columns, whose texts stay in the file when it is opened.
import type { ColumnReader } from './column-file.ts';
import { codedParts, openColumns, textParts, writeColumns } from './column-file.ts';
import type { StringColumn } from './strings.ts';
import type { ImageLayout, StudyColumns, StudyTable } from './study-table.ts';

interface Facts {
  /** What the table was made from; another text means that the file is out of date. */
  readonly fingerprint: string;
  readonly about: unknown;
  readonly root: string;
  readonly layout: ImageLayout;
  readonly labelNames: readonly string[];
  readonly length: number;
}

// Another number where the same files give other rows: indexes of before are made anew.
const magic = 'hybridmed study table 3';

/** Writes a table with what is to be known about it. The file appears when it is whole. */
export async function writeTableFile(file: string, { columns, ...rest }: StudyTable<StringColumn>, fingerprint: string, about: unknown): Promise<void> {
  const { ids, findings, impressions, reports, patients, views, ...plain } = columns;
  const {
    'findings.bytes': findingsBytes,
    'impressions.bytes': impressionsBytes,
    ...ends
  } = { ...textParts('findings', findings), ...textParts('impressions', impressions) };
  const arrays = {
    ...textParts('ids', ids),
    ...codedParts('reports', reports),
    ...codedParts('patients', patients),
    ...codedParts('views', views),
    ...plain,
    ...ends,
    'findings.bytes': findingsBytes!,
    'impressions.bytes': impressionsBytes!,
  };
  await writeColumns(file, magic, { ...rest, fingerprint, about } satisfies Facts, arrays);
}

/** Opens a table, or gives undefined where the file is absent, damaged, or was made from something else. */
export function readTableFile(file: string, fingerprint: string): { table: StudyTable; about: unknown } | undefined {
  const reader = openColumns<Facts>(file, magic, ['findings', 'impressions']);
  if (!reader || reader.facts.fingerprint !== fingerprint) return undefined;
  const { about, root, layout, labelNames, length } = reader.facts;
  const columns = columnsOf(reader);
  return columns?.ids.length === length ? { table: { root, layout, labelNames, length, columns }, about } : undefined;
}

/** Views of the columns, or undefined where the header and the file disagree. */
function columnsOf({ column, text, coded, textInFile }: ColumnReader<Facts>): StudyColumns | undefined {
  try {
    return {
      ids: text('ids'),
      reports: coded('reports'),
      patients: coded('patients'),
      views: coded('views'),
      splits: column('splits', 'u8'),
      endings: column('endings', 'u8'),
      labelRows: column('labelRows', 'i32'),
      labels: column('labels', 'i8'),
      texts: column('texts', 'i32'),
      findingsWords: column('findingsWords', 'u16'),
      impressionsWords: column('impressionsWords', 'u16'),
      findings: textInFile('findings'),
      impressions: textInFile('impressions'),
    };
  } catch {
    return undefined;
  }
}
