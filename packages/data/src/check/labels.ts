// How often each label is positive, negative, or not given.
import type { Split, Study } from '../study.ts';

/** Images by value of a label; `uncertain` counts published -1, whatever the policy made of them. */
export interface LabelCounts {
  readonly positive: number;
  readonly negative: number;
  readonly unlabelled: number;
  readonly uncertain?: number;
}

/** A label's counts by split. */
export type LabelPrevalence = Readonly<Record<Split, LabelCounts>>;

/** Counts of every label of a set, or undefined where it has none. */
export function labelPrevalence(studies: readonly Study[]): Record<string, LabelPrevalence> | undefined {
  const names = new Set<string>();
  for (const known of new Set(studies.map(({ publishedLabels, labels }) => publishedLabels ?? labels)))
    for (const name of Object.keys(known ?? {})) names.add(name);
  if (names.size === 0) return undefined;
  return Object.fromEntries([...names].map((name) => [name, countLabel(studies, name)]));
}

function countLabel(studies: readonly Study[], name: string): LabelPrevalence {
  const zero = () => ({ positive: 0, negative: 0, unlabelled: 0, uncertain: 0 });
  const counts = { train: zero(), validate: zero(), test: zero() };
  let published = false;
  for (const { split, labels, publishedLabels } of studies) {
    const value = labels?.[name];
    counts[split][value === 1 ? 'positive' : value === 0 ? 'negative' : 'unlabelled']++;
    published ||= publishedLabels !== undefined;
    if (publishedLabels?.[name] === -1) counts[split].uncertain++;
  }
  const shown = ({ uncertain, ...rest }: ReturnType<typeof zero>): LabelCounts => (published ? { ...rest, uncertain } : rest);
  return { train: shown(counts.train), validate: shown(counts.validate), test: shown(counts.test) };
}
