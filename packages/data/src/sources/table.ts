// CSV tables by column name.
import { readFile } from 'node:fs/promises';
import { parse } from 'csv-parse/sync';
import { DataError, describeFileError } from '../errors.ts';

/** A table's rows by column name, and how many rows could not be read (another number of cells, a stray quote). */
export interface Table {
  readonly rows: Record<string, string>[];
  readonly broken: number;
}

/** Reads a CSV file. Throws a DataError naming the file and a missing column. */
export async function readTable(file: string, required: readonly string[]): Promise<Table> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => Promise.reject(describeFileError(file, error)));
  let rows: Record<string, string>[];
  let broken = 0;
  try {
    rows = parse(text, { columns: true, bom: true, skip_empty_lines: true, skip_records_with_error: true, on_skip: () => void broken++ });
  } catch (error) {
    throw new DataError(`${file}: is not a CSV table (${(error as Error).message.split('\n')[0]}); save it as comma-separated values`);
  }
  const missing = required.find((column) => rows.length > 0 && !(column in rows[0]!));
  if (missing !== undefined) throw new DataError(`${file}: has no column "${missing}"; its columns are ${Object.keys(rows[0]!).join(', ')}`);
  return { rows, broken };
}
