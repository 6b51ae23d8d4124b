// The order of training that draws studies with rare sets of labels more often.
import type { Study } from '@hybridmed/data';
import { labelSet } from '@hybridmed/eval/labeller';

// 0 would draw all studies alike, 1 all sets of labels.
const power = 0.5;

/** Weights of the training studies, and in a line what they come from. */
export interface LabelWeights {
  readonly weights: Float64Array;
  readonly note: string;
}

/**
 * A weight for each study: (studies with its set of labels)^-0.5, the set being those labels that are present. Labels are the set's own
 * where every study has some, else what the rule labeller reads in findings and impression, where doubt counts as presence.
 */
export function labelWeights(studies: readonly Pick<Study, 'labels' | 'findings' | 'impression'>[]): LabelWeights {
  const own = studies.every(({ labels }) => labels !== undefined && Object.keys(labels).length > 0);
  const setOf = ({ labels, findings, impression }: (typeof studies)[number]): string =>
    JSON.stringify(
      Object.entries(own ? labels! : labelSet(`${findings}\n${impression}`))
        .flatMap(([label, value]) => (value === 1 ? [label] : []))
        .toSorted(),
    );
  const sets = studies.map(setOf);
  const counts = new Map<string, number>();
  for (const set of sets) counts.set(set, (counts.get(set) ?? 0) + 1);
  const [most] = [...counts].toSorted(([, a], [, b]) => b - a);
  const from = own ? "the data set's own labels" : 'the rule labeller, which reads findings and impressions';
  return {
    weights: Float64Array.from(sets, (set) => counts.get(set)! ** -power),
    note: `sampling by labels: ${from}; ${counts.size} sets of labels in ${studies.length} training studies, ${most?.[1] ?? 0} of them with the commonest; an epoch repeats some studies and misses others`,
  };
}
