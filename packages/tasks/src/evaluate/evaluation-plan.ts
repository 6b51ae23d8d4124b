// What an evaluation fixes, so that figures do not depend on who evaluates: the losses that it shows, and the size of its batches.
import type { StagePlan } from '@hybridmed/model/graphs';
import type { SessionInfo } from '@hybridmed/model/session';
import { evaluatedWeights } from '@hybridmed/model/objective';

/** Studies of one batch. */
export const evaluationBatch = 32;

/** Whether an image branch that reads images is evaluated: that of a stage-2 model which was trained with some. */
export const judgesImages = ({ stage, readsImages }: Pick<SessionInfo, 'stage' | 'readsImages'>): boolean => stage === 2 && readsImages;

/** The losses of stage 2 that an evaluation of a model with these parameters shows. */
export const evaluationPlan = (parameters: Readonly<Record<string, unknown>>, withImages = true) =>
  ({
    stage: 2,
    teacher: 'live',
    weights: evaluatedWeights(parameters, withImages),
    temperature: 1,
    tau: 0.1,
    duplicates: 'positives',
  }) as const satisfies StagePlan;
