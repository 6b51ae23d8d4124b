// Opens a data set by its specification `name:path`.
import { join } from 'node:path';
import { DataError } from './errors.ts';
import { openCsv } from './sources/csv.ts';
import { openOpeni } from './sources/openi.ts';
import type { DataSet, SelectOptions } from './study.ts';

type Opener = (path: string, options: SelectOptions) => Promise<DataSet>;

const openers: Readonly<Record<string, Opener>> = {
  openi: openOpeni,
  phantom: async (path, options) => ({ ...(await openCsv(join(path, 'phantoms.csv'), options)), name: 'phantom', spec: `phantom:${path}` }),
  csv: openCsv,
};

/** Names of data sets a specification may begin with. */
export const dataSetNames: readonly string[] = Object.keys(openers);

/** Opens `openi:DIR`, `phantom:DIR` or `csv:FILE`. Throws a DataError for an unknown name, unreadable files, or when no study is left. */
export async function openDataSet(spec: string, options: SelectOptions = {}): Promise<DataSet> {
  const colon = spec.indexOf(':');
  const [name, path] = [spec.slice(0, colon), spec.slice(colon + 1)];
  const opener = colon > 0 ? openers[name] : undefined;
  if (!opener || path === '') throw new DataError(`"${spec}" names no data set; write name:path with one of ${dataSetNames.join(', ')}`);
  const data = await opener(path, options);
  if (data.studies.length === 0) {
    const reasons = Object.entries(data.dropped)
      .map(([reason, count]) => `${count}: ${reason}`)
      .join('; ');
    throw new DataError(`${spec}: no study is left${reasons ? ` (${reasons})` : ''}; check the folder`);
  }
  return data;
}
