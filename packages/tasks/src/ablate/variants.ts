// The ways of training that the paper's table compares: each is the full method with one thing changed.
import { HybridmedError } from '@hybridmed/tensor';
import type { RunConfig } from '@hybridmed/runtime/settings';

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

/** The variants that are compared with it. */
export const variants: readonly Variant[] = [
  { name: 'no-dis', title: 'without distillation', change: () => ({ dis: 0 }), sharesStage1: true },
  { name: 'no-cg', title: 'without L_CG', change: () => ({ cg: 0 }), sharesStage1: true },
  { name: 'no-cl', title: 'without L_CL', change: () => ({ cl: 0 }), sharesStage1: true },
  { name: 'no-sum', title: 'without L_Sum in stage 2', change: () => ({ sum: 0 }), sharesStage1: true },
  // Without stage 1 there is nothing to take a snapshot of: an untrained teacher would teach noise.
  { name: 'no-stage1', title: 'without stage 1 (live teacher)', change: () => ({ stage1: false, teacher: 'live' }), sharesStage1: false },
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
