// CSV tables by column name.
import { readFile } from 'node:fs/promises';
import { parse } from 'csv-parse/sync';
import { DataError, describeFileError } from '../errors.ts';

/** Rows of a CSV file by column name; rows of another length are left out. Throws a DataError naming the file and a missing column. */
export async function readTable(file: string, required: readonly string[]): Promise<Record<string, string>[]> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => Promise.reject(describeFileError(file, error)));
  let rows: Record<string, string>[];
  try {
    rows = parse(text, { columns: true, bom: true, skip_empty_lines: true, skip_records_with_error: true });
  } catch (error) {
    throw new DataError(`${file}: is not a CSV table (${(error as Error).message.split('\n')[0]}); save it as comma-separated values`);
  }
  const missing = required.find((column) => rows.length > 0 && !(column in rows[0]!));
  if (missing !== undefined) throw new DataError(`${file}: has no column "${missing}"; its columns are ${Object.keys(rows[0]!).join(', ')}`);
  return rows;
}
