// Losses of a batch from its features, composed as the method composes them: each a mean over its unit, and their weighted sum.
import { maskedMean } from '@hybridmed/nn';
import type { Tensor } from '@hybridmed/tensor';
import { ops } from '@hybridmed/tensor';
import type { BatchTensors } from '../model/batch-fields.ts';
import type { FeatureReader, LossContext, LossFeatures } from './row.ts';
import type { LossName } from './rows.ts';
import type { LossTerm } from './terms.ts';

/** Losses by name, f32 scalars in nats. */
export type Losses = Partial<Record<LossName, Tensor>>;

/** What divides the losses when a batch is split into micro-batches: the whole batch's target tokens and studies, f32 scalars. */
export interface Counts {
  readonly tokens: Tensor;
  readonly studies: Tensor;
}

/** The features of a batch, and what losses read beside them. `batch` has `target_mask` where a loss is one over tokens. */
export interface LossInputs extends LossContext {
  readonly feature: FeatureReader;
}

function meanOf({ row }: LossTerm, value: Tensor, { target_mask: mask }: Partial<BatchTensors>, counts: Counts | undefined): Tensor {
  if (row.scope === 'batch') return value;
  if (row.unit === 'token') return maskedMean(value, mask!, counts?.tokens);
  return counts ? ops.div(ops.sum(value), counts.studies) : ops.mean(value);
}

const unitOrder = ({ row }: LossTerm): number => (row.unit === 'token' ? 0 : 1);

/** Each loss of a batch, in the order of the terms. */
export function composeLosses(terms: readonly LossTerm[], { feature, batch, parameters, options }: LossInputs, counts?: Counts): Losses {
  const losses: Losses = {};
  // Those over tokens first: the backward pass, in the reverse order, then makes what is as large as the vocabulary last, when the others' values are gone.
  for (const term of terms.toSorted((a, b) => unitOrder(a) - unitOrder(b))) {
    const { row } = term;
    const needed = Object.fromEntries(row.needs.map((name) => [name, feature(name)])) as unknown as LossFeatures;
    const own: Partial<BatchTensors> = Object.fromEntries((row.fields?.(options) ?? []).map((field) => [field, batch[field]!]));
    losses[row.key] = meanOf(term, row.value({ ...needed, batch: own, parameters, options }), batch, counts);
  }
  return Object.fromEntries(terms.map(({ row: { key } }) => [key, losses[key]!]));
}

/** The weighted sum of losses; a single one of weight 1 as it is. */
export function weightedSum(terms: readonly LossTerm[], losses: Losses): Tensor {
  const [only, ...others] = terms;
  if (only?.weight === 1 && others.length === 0) return losses[only.row.key]!;
  return terms.reduce((sum, { row, weight }) => ops.add(sum, ops.mul(losses[row.key]!, weight)), ops.full(0, []));
}
