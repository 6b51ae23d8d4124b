// Annotation files as R2Gen wrote them [Chen et al., EMNLP 2020]: {"train": [{id, report, image_path: [...]}, ...], "val": ..., "test": ...}.
import { existsSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { DataError } from '@hybridmed/images/errors';
import { pathInside } from '../files/path-inside.ts';
import { jsonObjects } from '../files/json.ts';
import { splitNamed } from '../split/names.ts';
import type { Candidate, Split, Study } from '../study.ts';
import { normalizeText, replacePlaceholders } from '../text.ts';
import type { ReadOptions, SourceData } from './source.ts';
import { countStudies, Drops } from './source.ts';

const textOf = (value: unknown): string => (typeof value === 'string' || typeof value === 'number' ? normalizeText(String(value)) : '');

const imagePaths = (value: unknown): string[] =>
  (Array.isArray(value) ? value : [value]).filter((path): path is string => typeof path === 'string' && path !== '');

/** Where paths of the file may begin. */
const rootsOf = (file: string): string[] => ['images', '.', '../images'].map((name) => resolve(dirname(file), name)).filter(existsSync);

/**
 * Reads a file, or annotation.json of a folder. `report` holds findings alone; files that have `findings` and `impression` in its place
 * give pairs.
 */
export async function readR2gen(path: string, { deidPlaceholders }: ReadOptions): Promise<SourceData> {
  if (!existsSync(path)) throw new DataError(`${path}: does not exist; check the path`);
  const file = statSync(path).isDirectory() ? join(path, 'annotation.json') : path;
  const roots = rootsOf(file);
  const drops = new Drops();
  const studies: Candidate<Study>[] = [];
  const listedPaths = new Set<string>();
  const clean = (value: unknown) => replacePlaceholders(textOf(value), deidPlaceholders);
  let [rows, pairs] = [0, 0];
  const add = (name: string, shared: Omit<Study, 'id' | 'image'>) => {
    const places = roots.flatMap((root) => pathInside(root, name) ?? []);
    if (places.length === 0) return drops.add('the image path leaves the folder');
    if (listedPaths.has(name)) return drops.add('the image is listed twice');
    listedPaths.add(name);
    const image = places.find((place) => existsSync(place));
    if (image && shared.findings !== '' && shared.impression !== '') pairs++;
    studies.push({ ...shared, id: name, image: image ?? places[0]!, ...(image ? {} : { absent: true as const }) });
    return undefined;
  };
  for await (const { key, value } of jsonObjects(file)) {
    rows++;
    const report = textOf(value['id']) || textOf(value['study_id']) || `row ${rows}`;
    const split: Split | undefined = splitNamed(textOf(value['split']) || key || '');
    const names = imagePaths(value['image_path']);
    if (!split) drops.add('the split is none of train, val, test');
    else if (names.length === 0) drops.add('the report has no image');
    else {
      const findings = clean(value['findings'] ?? value['report']);
      const [patient, view] = [textOf(value['subject_id']), textOf(value['view'])];
      const shared = { report, findings, impression: clean(value['impression']), split, ...(patient ? { patient } : {}), ...(view ? { view } : {}) };
      for (const name of names) add(name, shared);
    }
  }
  const { studies: reports, images, patients } = countStudies(studies);
  const both = studies.some(({ findings, impression }) => findings !== '' && impression !== '');
  return {
    studies,
    offers: both ? ['pairs', 'images'] : ['images'],
    ...(both ? {} : { lacks: { pairs: `${file}: holds reports without impressions; pre-training needs both sections: name a set that has them` } }),
    counts: {
      rows,
      reports,
      studies: reports,
      images,
      ...(both ? { pairs } : {}),
      ...(patients > 0 ? { patients } : {}),
    },
    dropped: drops.counts(),
    splitOrigin: 'published',
  };
}
