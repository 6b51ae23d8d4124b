// Saves results with the machine they were measured on.
import { readFile, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import type { Row } from './harness/row.ts';

/** The machine and the day of a measurement. */
export const machine = (): { date: string; processor: string; cores: number; node: string } => ({
  date: new Date().toISOString().slice(0, 10),
  processor: cpus()[0]?.model.trim() ?? 'unknown',
  cores: cpus().length,
  node: process.version,
});

/** Writes a suite's document, with the date and the processor, to results/NAME.json; with a line for each row. */
export async function saveResult(name: string, document: object): Promise<void> {
  const { rows, ...rest } = { ...machine(), ...document } as { rows?: readonly object[] };
  const head = JSON.stringify(rest, undefined, 2);
  const lines = rows?.map((row) => `    ${JSON.stringify(row)}`).join(',\n');
  const text = lines === undefined ? head : `${head.slice(0, -2)},\n  "rows": [\n${lines}\n  ]\n}`;
  await writeFile(new URL(`results/${name}.json`, import.meta.url), `${text}\n`);
}

/** A word for an adapter in file names: `lavapipe`, `swiftshader`, or its name's own words. */
export function adapterSlug(adapter: string): string {
  if (adapter.includes('llvmpipe')) return 'lavapipe';
  if (/swiftshader/i.test(adapter)) return 'swiftshader';
  return (
    adapter
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '-')
      .replaceAll(/^-+|-+$/g, '')
      .slice(0, 60) || 'adapter'
  );
}

interface RowsDocument {
  readonly rows: readonly Row[];
  readonly absent?: readonly object[];
}

const keyOf = ({ engine, kernel, case: name, pass }: Pick<Row, 'engine' | 'kernel' | 'case' | 'pass'>): string => JSON.stringify([engine, kernel, name, pass]);

/** Saves rows with those of other cases in the same file, so that a long suite can be measured in parts; `derive` computes what depends on all rows. */
export async function saveRows(name: string, document: RowsDocument, derive: (rows: readonly Row[]) => object = () => ({})): Promise<void> {
  const text = await readFile(new URL(`results/${name}.json`, import.meta.url), 'utf8').catch(() => '{"rows":[]}');
  const before = JSON.parse(text) as RowsDocument;
  const entries = [...document.rows, ...((document.absent ?? []) as Row[])];
  const measured = new Set(entries.map(keyOf));
  const otherCases = <T extends object>(old: readonly T[] | undefined) => (old ?? []).filter((row) => !measured.has(keyOf(row as unknown as Row)));
  const rows = [...otherCases(before.rows), ...document.rows];
  const absent = [...otherCases(before.absent), ...(document.absent ?? [])];
  await saveResult(name, { ...document, ...derive(rows), ...(document.absent ? { absent } : {}), rows });
}
