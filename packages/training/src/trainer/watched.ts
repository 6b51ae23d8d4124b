// What of a validation marks a stage's best checkpoint, which early stop and the teacher follow.
import type { StageWeights } from '@hybridmed/model/objective';
import { watchedLoss } from '@hybridmed/model/objective';
import type { ValidationLine } from '../contracts/metrics.ts';

/** The settings that decide it; those of earlier versions have none. */
export interface BestBy {
  readonly bestBy?: 'sum' | 'cider' | undefined;
}

/** What is watched: in words, and its value in a validation, of which the lowest is the best. */
export interface Watched {
  readonly title: string;
  value(line: Pick<ValidationLine, 'validation' | 'cider'>): number;
}

/** Whether a stage is judged by the texts that it writes. */
export const watchesTexts = ({ stage }: StageWeights, { bestBy }: BestBy): boolean => stage === 1 && bestBy === 'cider';

/** What a stage watches: its loss or, of stage 1 where the settings say so, CIDEr, which counts negative since the lowest value is the best. */
export function watchedOf(plan: StageWeights, settings: BestBy): Watched {
  if (watchesTexts(plan, settings))
    return { title: 'CIDEr of the impressions written from findings', value: ({ cider }) => (cider === undefined ? Infinity : 0 - cider) };
  const { key, title } = watchedLoss(plan);
  return { title, value: ({ validation }) => validation[key] ?? Infinity };
}
