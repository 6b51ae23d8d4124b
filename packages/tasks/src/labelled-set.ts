// Labelled studies of any data set, by split, and the classes of their labels.
import type { DataSet, SelectOptions, Split, Study } from '@hybridmed/data';
import { DataError, openDataSet } from '@hybridmed/data';
import { labelSet, meshFindings } from '@hybridmed/eval/labeller';
import { HybridmedError } from '@hybridmed/tensor';

/** A data set opened for its labels. */
export interface LabelledSet {
  readonly data: DataSet;
  /** Every label that some study has, in the order they first occur. */
  readonly classes: readonly string[];
  /** Studies of a split. Throws one line where there are none. */
  ofSplit(split: Split): readonly Study[];
}

/** A study with labels; Open-I has no labels but tags, which say whether a study is normal and name findings. */
export const withTagLabels = (study: Study): Study => (study.labels || study.tags === undefined ? study : { ...study, labels: meshFindings(study.tags) });

/** Name of the label that is 1 where the rule labeller finds something in the impression. */
export const namesFinding = 'names a finding';

/** A study with `namesFinding` beside its own labels, where it has an impression. */
const withNaming = (study: Study): Study =>
  study.impression === '' ? study : { ...study, labels: { ...study.labels, [namesFinding]: labelSet(study.impression)['No Finding'] === 1 ? 0 : 1 } };

/** A study's labels as people compare image encoders by them: its own, or those of its tags with `namesFinding`. */
export const withTruthLabels = (study: Study): Study => (study.labels ? study : withNaming(withTagLabels(study)));

/**
 * Opens a set for its labels; a set with tags only (Open-I) is labelled by them (`withTagLabels`, or what `label` makes of them). Throws a
 * DataError of one line where there is neither.
 */
export async function openLabelled(spec: string, select: SelectOptions = {}, label: (study: Study) => Study = withTagLabels): Promise<LabelledSet> {
  let data: DataSet;
  try {
    data = await openDataSet(spec, { ...select, need: 'labels' });
  } catch (error) {
    const taggedSet = error instanceof DataError ? await openDataSet(spec, { ...select, need: 'images' }).catch(() => undefined) : undefined;
    if (!taggedSet?.studies.some(({ tags }) => tags !== undefined)) throw error;
    data = taggedSet;
  }
  const studies = data.studies.map((study) => label(study));
  const classes = [...new Set(studies.flatMap(({ labels }) => Object.keys(labels ?? {})))];
  return {
    data: { ...data, studies },
    classes,
    ofSplit(split) {
      const labelled = studies.filter((study) => study.split === split);
      if (labelled.length === 0)
        throw new HybridmedError(`${spec}: no labelled studies in the split "${split}"; name another with --split, or draw one with data split`);
      return labelled;
    },
  };
}

/** The named classes, or all of them. Throws one line for a class that the set has no label of; `source` names where it was named. */
export function chooseClasses({ classes, data }: LabelledSet, names: readonly string[] | undefined, source = '--classes'): readonly string[] {
  const unknown = names?.find((name) => !classes.includes(name));
  if (unknown !== undefined) throw new HybridmedError(`${source}: "${unknown}" is no label of ${data.spec}; its labels are ${classes.join(', ')}`);
  return names ?? classes;
}

/** Each study's label of a class; undefined where it has none. */
export const labelsOf = (studies: readonly Study[], name: string): (0 | 1 | undefined)[] => studies.map(({ labels }) => labels?.[name]);

/** Numbers of positive and of negative studies of a class. */
export function kindsOf(studies: readonly Study[], name: string): { positives: number; negatives: number } {
  const labels = labelsOf(studies, name);
  return { positives: labels.filter((label) => label === 1).length, negatives: labels.filter((label) => label === 0).length };
}
