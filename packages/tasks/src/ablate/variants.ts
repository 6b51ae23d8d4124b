// The ways of training that the paper's table compares: each is the full method with one thing changed.
import { lossRows } from '@hybridmed/model/objective';
import { HybridmedError } from '@hybridmed/tensor';
import type { RunConfig } from '@hybridmed/runtime/settings';
import { changesWithoutImages } from '@hybridmed/training/settings';

/** One way of training. */
export interface Variant {
  readonly name: string;
  readonly title: string;
  /** What it changes in the full method's configuration. */
  change(full: RunConfig): Partial<RunConfig>;
  /** Whether it starts from the full method's stage 1; the others train their own, or none. */
  readonly sharesStage1: boolean;
}

/** The full method: the baseline of every difference. */
export const fullVariant: Variant = { name: 'full', title: 'the full method', change: () => ({}), sharesStage1: false };

/** A variant of each loss but the one that chooses the checkpoint: without those of the full method, with those beyond it. */
const lossVariants: readonly Variant[] = lossRows
  .filter(({ watch, stages }) => !watch && stages.includes(2))
  .map(({ key, symbol, stages, defaultWeight }) => {
    const [name, how] = defaultWeight === 0 ? [key, 'with'] : [`no-${key}`, 'without'];
    return {
      name,
      title: `${how} ${symbol}${stages.length > 1 ? ' in stage 2' : ''}`,
      change: () => ({ [key]: defaultWeight === 0 ? 1 : 0 }),
      sharesStage1: true,
    };
  });

/** The variants that are compared with it. */
export const variants: readonly Variant[] = [
  ...lossVariants,
  // Without stage 1 there is nothing to take a snapshot of: an untrained teacher would teach noise.
  { name: 'no-stage1', title: 'without stage 1 (live teacher)', change: () => ({ stage1: false, teacher: 'live' }), sharesStage1: false },
  {
    name: 'no-image',
    title: 'without images',
    change: changesWithoutImages,
    sharesStage1: true,
  },
  { name: 'unshared', title: 'unshared decoder', change: () => ({ unsharedDecoder: true }), sharesStage1: false },
  {
    name: 'other-teacher',
    title: 'the other teacher (live for snapshot)',
    change: ({ teacher }) => ({ teacher: teacher === 'live' ? 'snapshot' : 'live' }),
    sharesStage1: true,
  },
  {
    name: 'other-duplicates',
    title: 'equal impressions the other way (negatives for positives)',
    change: ({ duplicates }) => ({ duplicates: duplicates === 'positives' ? 'negatives' : 'positives' }),
    sharesStage1: true,
  },
];

/** A variant's title for a configuration: which way round the two-way ones go. */
export function titleOf({ name, title }: Variant, { teacher, duplicates }: RunConfig): string {
  if (name === 'other-teacher') return teacher === 'live' ? 'snapshot teacher' : 'live teacher';
  if (name === 'other-duplicates') return `equal impressions as ${duplicates === 'positives' ? 'negatives' : 'positives'}`;
  return title;
}

/** The variants named, in the table's order; all of them for none. Throws one line for a name that is none. */
export function chooseVariants(names: readonly string[] | undefined): readonly Variant[] {
  const unknown = names?.find((name) => !variants.some((variant) => variant.name === name));
  if (unknown !== undefined)
    throw new HybridmedError(`--variants: "${unknown}" is none; name some of ${variants.map(({ name }) => name).join(', ')} (full is always run)`);
  return names ? variants.filter(({ name }) => names.includes(name)) : variants;
}
