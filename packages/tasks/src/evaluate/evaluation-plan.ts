// What an evaluation fixes, so that figures do not depend on who evaluates: the losses that it shows, and the size of its batches.
import type { StagePlan } from '@hybridmed/model/graphs';
import { evaluatedWeights } from '@hybridmed/model/objective';

/** Studies of one batch. */
export const evaluationBatch = 32;

/** The losses of stage 2 that an evaluation of a model with these parameters shows. */
export const evaluationPlan = (parameters: Readonly<Record<string, unknown>>) =>
  ({ stage: 2, teacher: 'live', weights: evaluatedWeights(parameters), temperature: 1, tau: 0.1, duplicates: 'positives' }) as const satisfies StagePlan;
