// What an evaluation fixes, so that figures do not depend on who evaluates: the losses that it shows, and the size of its batches.
import { defaultWeights } from '@hybridmed/model';
import type { StagePlan } from '@hybridmed/model/graphs';

/** Studies of one batch. */
export const evaluationBatch = 32;

/** The losses of stage 2 that an evaluation shows. */
export const evaluationPlan = {
  stage: 2,
  teacher: 'live',
  weights: defaultWeights,
  temperature: 1,
  tau: 0.1,
  duplicates: 'positives',
} as const satisfies StagePlan;
