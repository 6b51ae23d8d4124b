// Scores of labels compared on the studies that all sources have: AUC of each class, and the mean of them.
import { auc, resample } from '@hybridmed/eval';
import { HybridmedError } from '@hybridmed/tensor';
import type { ComparedFigure } from './figures.ts';
import { comparedFigure } from './figures.ts';
import type { ScoreSet } from './scores.ts';

/** The comparison, and how many studies it is of. */
export interface ScoreComparison {
  readonly studies: number;
  readonly leftOut: number;
  readonly figures: readonly ComparedFigure[];
}

/** The classes to compare: those named, or those that every source has. Throws one line for one that a source lacks, or none. */
function classesOf(sets: readonly ScoreSet[], names: readonly string[] | undefined): readonly string[] {
  const known = ({ labels, fits }: ScoreSet, name: string): boolean => name in labels && fits.every((scores) => name in scores);
  for (const name of names ?? [])
    for (const set of sets)
      if (!known(set, name)) throw new HybridmedError(`${set.source}: has no scores of "${name}"; it has ${Object.keys(set.labels).join(', ')}`);
  const classes = names ?? Object.keys(sets[0]!.labels).filter((name) => sets.every((set) => known(set, name)));
  if (classes.length === 0)
    throw new HybridmedError(`${sets.map(({ source }) => source).join(', ')}: no class has scores in each; compare sources of the same labels`);
  return classes;
}

/** The ids that every source has, in the first one's order. Throws one line where there are none. */
function commonIds(sets: readonly ScoreSet[]): readonly string[] {
  const others = sets.slice(1).map(({ ids }) => new Set(ids));
  const ids = sets[0]!.ids.filter((id) => others.every((own) => own.has(id)));
  if (ids.length === 0) throw new HybridmedError(`${sets.map(({ source }) => source).join(', ')}: no study is in each; compare sources of the same split`);
  return ids;
}

/** Labels of the common studies by class. Throws one line where two sources differ on one. */
function commonLabels(sets: readonly ScoreSet[], ids: readonly string[], classes: readonly string[], rowsOf: ReadonlyMap<ScoreSet, readonly number[]>) {
  const labels = classes.map((name) => rowsOf.get(sets[0]!)!.map((row) => sets[0]!.labels[name]![row]!));
  for (const set of sets)
    classes.forEach((name, c) =>
      rowsOf.get(set)!.forEach((row, i) => {
        if (set.labels[name]![row] !== labels[c]![i])
          throw new HybridmedError(`${set.source}: study ${ids[i]} has another label "${name}" than in ${sets[0]!.source}; compare sources of the same labels`);
      }),
    );
  return labels;
}

/** Compares sources of scores, `b` perhaps none, by the named classes or all that they share. */
export function compareScores(
  a: readonly ScoreSet[],
  b: readonly ScoreSet[],
  { classes: names, samples }: { classes?: readonly string[] | undefined; samples: number },
): ScoreComparison {
  const sets = [...a, ...b];
  const classes = classesOf(sets, names);
  const ids = commonIds(sets);
  const rowsOf = new Map(sets.map((set) => [set, rowsIn(set, ids)] as const));
  const labels = commonLabels(sets, ids, classes, rowsOf);
  const aucOf = (c: number, scores: readonly number[], indices: Int32Array): number => {
    const labelled = Array.from(indices).filter((i) => labels[c]![i] !== null);
    if (labelled.length === 0) return Number.NaN;
    return auc(
      labelled.map((i) => labels[c]![i]!),
      labelled.map((i) => scores[i]!),
    );
  };
  const fitsOf = (set: ScoreSet) =>
    set.fits.map((fit) => {
      const scores = classes.map((name) => rowsOf.get(set)!.map((row) => fit[name]![row]!));
      const statistics = (indices: Int32Array) => scores.map((own, c) => aucOf(c, own, indices));
      return resample(ids.length, (indices) => withMean(statistics(indices)), { samples });
    });
  const [ofA, ofB] = [a.flatMap(fitsOf), b.flatMap(fitsOf)];
  const titles = [...classes.map((name) => `AUC: ${name}`), `mean AUC of ${classes.length}`];
  const figures = titles.map((title, i) =>
    comparedFigure(
      { name: title, title, better: 'higher' },
      ofA.map((values) => values[i]!),
      ofB.map((values) => values[i]!),
    ),
  );
  const every = new Set(sets.flatMap((set) => set.ids));
  return { studies: ids.length, leftOut: every.size - ids.length, figures };
}

function rowsIn({ ids: own }: ScoreSet, ids: readonly string[]): readonly number[] {
  const row = new Map(own.map((id, i) => [id, i]));
  return ids.map((id) => row.get(id)!);
}

const withMean = (values: readonly number[]): number[] => [...values, values.reduce((sum, value) => sum + value, 0) / values.length];
