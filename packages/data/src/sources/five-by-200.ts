// CheXpert 5x200 and MIMIC 5x200 by rule: for each of five classes 200 frontal images that are positive for that class alone.
import { chexpertFive, chexpertLabels } from '../chexpert-labels.ts';
import { isFrontal } from '../select.ts';
import { rankByHash } from '../split/draw.ts';
import type { Candidate, Split, Study } from '../study.ts';
import { RowView } from '../table/lazy-study.ts';
import type { Source, SourceData } from './source.ts';
import { countStudies } from './source.ts';

const perClass = 200;
const findings = chexpertLabels.filter((name) => name !== 'No Finding');

/** The class an image is positive for, where it is positive or uncertain for no other. */
function onlyClass(published: Readonly<Record<string, number>> | undefined): string | undefined {
  if (!published) return undefined;
  let only: string | undefined;
  for (const name of findings) {
    const value = published[name] ?? 0;
    if (value === 0) continue;
    if (value !== 1 || only !== undefined) return undefined;
    only = name;
  }
  return only !== undefined && (chexpertFive as readonly string[]).includes(only) ? only : undefined;
}

/** Images of a class: those that are held out from training first, each part in the order of sha256(id). */
function choose(images: readonly Candidate<Study>[]): Candidate<Study>[] {
  const byId = new Map(images.map((image) => [image.id, image]));
  const rank = new Map(rankByHash(byId.keys()).map((id, place) => [id, place]));
  const order: Readonly<Record<Split, number>> = { test: 0, validate: 1, train: 2 };
  return images.toSorted((a, b) => order[a.split] - order[b.split] || rank.get(a.id)! - rank.get(b.id)!).slice(0, perClass);
}

/**
 * Makes the source of a 5x200 set from the source that has the labels. Images keep no texts; their five labels are 1 for their class and 0
 * for the others, and all of them are for testing. `excluded` names a part of the labelled set that is not drawn from.
 */
export function fiveBy200(source: Source, excluded?: Split): Source {
  return async (path, options) => {
    const data = await source(path, options);
    const byClass = new Map<string, Candidate<Study>[]>(chexpertFive.map((name) => [name, []]));
    for (const study of data.studies) {
      if (study.view === undefined || !isFrontal(study.view) || study.split === excluded) continue;
      const name = onlyClass(study.publishedLabels);
      if (name !== undefined) byClass.get(name)!.push(study instanceof RowView ? study.keep(study.split) : study);
    }
    return assemble(byClass, data, path);
  };
}

function assemble(byClass: ReadonlyMap<string, readonly Candidate<Study>[]>, data: SourceData, path: string): SourceData {
  const warnings = [...(data.warnings ?? [])];
  const studies: Candidate<Study>[] = [];
  let fromTraining = 0;
  for (const [name, all] of byClass) {
    const chosen = choose(all);
    if (chosen.length < perClass) warnings.push(`${path}: has ${chosen.length} images for ${name} alone, fewer than ${perClass}`);
    fromTraining += chosen.filter(({ split }) => split === 'train').length;
    const labels = Object.fromEntries(chexpertFive.map((label) => [label, label === name ? 1 : 0])) as Record<string, 0 | 1>;
    for (const { publishedLabels: _, ...image } of chosen) studies.push({ ...image, findings: '', impression: '', labels, split: 'test' });
  }
  if (fromTraining > 0)
    warnings.push(
      `${fromTraining} of ${studies.length} images are from the training part: leave their patients out of what is trained on (data split writes their ids, --exclude-ids reads them)`,
    );
  const { studies: reports, patients, images } = countStudies(studies);
  return {
    studies,
    offers: ['labels', 'images'],
    counts: { rows: data.counts.rows ?? 0, studies: reports, patients, images },
    dropped: data.dropped,
    splitOrigin: 'published',
    warnings,
    ...(data.index ? { index: data.index } : {}),
  };
}
