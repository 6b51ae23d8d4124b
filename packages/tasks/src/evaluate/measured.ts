// What an evaluation is made of: the model, the studies, and what the one was found to give for the others.
import type { LikelihoodRatio } from '@hybridmed/model';
import type { EvaluatedStudies } from './evaluated-studies.ts';
import type { EvaluatedModel, Measurements } from './measurements.ts';

/** What a share of the work found, and what it is about. */
export interface Measured {
  readonly model: EvaluatedModel;
  readonly of: EvaluatedStudies;
  readonly measurements: Measurements;
  /** How impressions are written by likelihood ratio; undefined where they are not. */
  readonly ratio: LikelihoodRatio | undefined;
}
