// Open-I (Indiana University chest X-rays): reports, images named by id, views from the projections table.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describeFileError } from '@hybridmed/images/errors';
import { plainOrGzip } from '../files/chunks.ts';
import { readTable } from '../files/table.ts';
import { splitOf } from '../split/draw.ts';
import type { Candidate, Study } from '../study.ts';
import { replacePlaceholders } from '../text.ts';
import { byStem, imagesIn } from './images.ts';
import { readReports } from './openi-reports.ts';
import type { ReadOptions, SourceData } from './source.ts';
import { Drops } from './source.ts';

const imageFolders = ['images', 'images_normalized', 'NLMCXR_png', '.'];

/** Image files by id: `CXR1_1_IM-0001-4001.png`, or Kaggle's `1_IM-0001-4001.dcm.png`. */
const findImages = (folder: string): Map<string, string> =>
  new Map([...byStem(imagesIn(folder, imageFolders))].map(([stem, path]) => [stem.replace(/\.dcm$/, ''), path]));

/** Names an image may go by: its XML id, with and without the `CXR` before it and the report's number that ids of some layouts repeat. */
function namesOf(id: string): string[] {
  const bare = id.replace(/^CXR/, '');
  return [id, bare, bare.replace(/^\d+_/, ''), `CXR${id}`, `CXR${bare.split('_', 1)[0]!}_${id}`];
}

const lookUp = <T>(table: ReadonlyMap<string, T>, id: string): T | undefined =>
  namesOf(id)
    .map((name) => table.get(name))
    .find((value) => value !== undefined);

async function readViews(folder: string): Promise<Map<string, string> | undefined> {
  const file = plainOrGzip(join(folder, 'indiana_projections.csv'));
  if (!file) return undefined;
  const views = new Map<string, string>();
  await readTable(file, { required: ['filename', 'projection'] }, ([name, view]) => void views.set(name!.replace(/(\.dcm)?\.png$/, ''), view!));
  return views;
}

/** Reads a folder in Open-I's layout. Throws a DataError when there are no reports, or when the reports' views are not known. */
export async function readOpeni(folder: string, { deidPlaceholders }: ReadOptions): Promise<SourceData> {
  if (!existsSync(folder)) throw describeFileError(folder, { code: 'ENOENT', message: '' });
  const drops = new Drops();
  const reports = await readReports(folder, drops);
  const images = findImages(folder);
  const projections = await readViews(folder);
  const studies: Candidate<Study>[] = [];
  let [pairs, withBoth] = [0, 0];
  for (const { id: report, images: ids, tags, ...sections } of reports) {
    const [findings, impression] = [replacePlaceholders(sections.findings, deidPlaceholders), replacePlaceholders(sections.impression, deidPlaceholders)];
    const split = splitOf(report);
    let onDisk = 0;
    for (const id of ids) {
      const image = lookUp(images, id);
      const view = projections && lookUp(projections, id);
      if (image) onDisk++;
      studies.push({
        id,
        report,
        image: image ?? join(folder, `${id}.png`),
        findings,
        impression,
        ...(view ? { view } : {}),
        split,
        tags,
        ...(image ? {} : { absent: true as const }),
      });
    }
    if (sections.findings === '' || sections.impression === '') continue;
    pairs += onDisk;
    if (onDisk > 0) withBoth++;
  }
  return {
    studies,
    offers: ['pairs', 'images'],
    counts: { reports: reports.length, studies: withBoth, images: images.size, pairs },
    dropped: drops.counts(),
    splitOrigin: 'drawn',
    ...(projections ? {} : { lacks: { views: `${join(folder, 'indiana_projections.csv')}: does not exist, and the reports do not name views; add it` } }),
  };
}
