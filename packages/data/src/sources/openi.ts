// Open-I (Indiana University chest X-rays): reports, images named by id, views from the projections table.
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { DataError, describeFileError } from '../errors.ts';
import { splitOf } from '../split.ts';
import type { DataSet, SelectOptions, Study } from '../study.ts';
import { Drops, wordCount } from '../study.ts';
import { readReports } from './openi-reports.ts';
import { readTable } from './table.ts';

const imageEndings = new Set(['.png', '.jpg', '.jpeg', '.dcm']);

/** Image files by id: `CXR1_1_IM-0001-4001.png`, or Kaggle's `1_IM-0001-4001.dcm.png`. */
async function findImages(folder: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const place of ['images', 'images_normalized', '.'].map((name) => join(folder, name)).filter(existsSync)) {
    for (const file of await readdir(place)) {
      const ending = extname(file).toLowerCase();
      const id = basename(file, extname(file)).replace(/\.dcm$/, '');
      if (imageEndings.has(ending) && !found.has(id)) found.set(id, join(place, file));
    }
    if (found.size > 0) break;
  }
  return found;
}

/** Names an image may go by: its XML id, without the `CXR` before it, and without the report's number that id repeats. */
function namesOf(id: string): string[] {
  const bare = id.replace(/^CXR/, '');
  return [id, bare, bare.replace(/^\d+_/, '')];
}

const lookUp = <T>(table: ReadonlyMap<string, T>, id: string): T | undefined =>
  namesOf(id)
    .map((name) => table.get(name))
    .find((value) => value !== undefined);

async function readViews(folder: string): Promise<Map<string, string> | undefined> {
  const file = join(folder, 'indiana_projections.csv');
  if (!existsSync(file)) return undefined;
  const { rows } = await readTable(file, ['filename', 'projection']);
  return new Map(rows.map((row) => [row.filename!.replace(/(\.dcm)?\.png$/, ''), row.projection!]));
}

/** Opens a folder in Open-I's layout. Throws a DataError when there are no reports or no pair is left. */
export async function openOpeni(folder: string, { views = 'frontal', minWords = 3 }: SelectOptions = {}): Promise<DataSet> {
  if (!existsSync(folder)) throw describeFileError(folder, { code: 'ENOENT', message: '' });
  const drops = new Drops();
  const reports = await readReports(folder, drops);
  const images = await findImages(folder);
  const projections = await readViews(folder);
  if (!projections && views === 'frontal')
    throw new DataError(
      `${join(folder, 'indiana_projections.csv')}: does not exist, and the reports do not name views; add it, or take all views with --views all`,
    );
  const studies: Study[] = [];
  let [pairs, withBoth] = [0, 0];
  for (const { id: report, findings, impression, images: ids, tags } of reports) {
    const files = ids.flatMap((id) => (lookUp(images, id) === undefined ? [] : [[id, lookUp(images, id)!] as const]));
    drops.add('the image file is missing', ids.length - files.length);
    if (findings === '' || impression === '') {
      drops.add('the report lacks findings or impression', files.length);
      continue;
    }
    pairs += files.length;
    if (files.length > 0) withBoth++;
    if (wordCount(findings) < minWords || wordCount(impression) < minWords) {
      drops.add(`a section has fewer than ${minWords} words`, files.length);
      continue;
    }
    for (const [id, image] of files) {
      const view = projections && lookUp(projections, id);
      if (views === 'frontal' && view !== 'Frontal') drops.add(view === undefined ? 'the view is unknown' : 'the view is not frontal');
      else studies.push({ id, report, image, findings, impression, ...(view ? { view } : {}), split: splitOf(report), tags });
    }
  }
  const dropped = Object.fromEntries(Object.entries(drops.counts()).filter(([, count]) => count > 0));
  return { name: 'openi', spec: `openi:${folder}`, studies, counts: { reports: reports.length, studies: withBoth, images: images.size, pairs }, dropped };
}
