// What follows from a run's settings about its stages: how long each is, which of them it trains itself, and whether labels supervise it.
import type { Stage } from '@hybridmed/model';
import { ofStage } from '../options/values.ts';
import type { TrainingConfig } from './training-settings.ts';

/** Epochs of a stage. */
export const stageEpochs = ({ epochs }: Pick<TrainingConfig, 'epochs'>, stage: Stage): number => ofStage(epochs, stage);

/** Whether a run trains a stage itself. */
export const runsStage = (config: Pick<TrainingConfig, 'epochs' | 'stage0' | 'stage1'>, stage: Stage): boolean =>
  stageEpochs(config, stage) > 0 && (stage === 2 || config[`stage${stage}`] === true);

/** Whether a run's images are supervised by labels: in stage 0, its own or another run's, or by a weight in stage 2. */
export const usesLabels = (config: TrainingConfig): boolean => runsStage(config, 0) || typeof config.stage0 === 'string' || config.lab !== 0;
