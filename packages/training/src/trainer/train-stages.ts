// Both stages of a run, and what is checked before the first of them.
import type { Stage } from '@hybridmed/model';
import { lossNames, lossTerms } from '@hybridmed/model/objective';
import { alone } from '@hybridmed/ranks';
import type { Device } from '@hybridmed/tensor';
import { HybridmedError } from '@hybridmed/tensor';
import type { TrainerState } from '../contracts/trainer-state.ts';
import type { TrainingRun } from '../contracts/training-run.ts';
import type { TrainingConfig } from '../settings/training-settings.ts';
import { checkPasses } from '../ranks/shared-step.ts';
import { stageSettings } from '../settings/stage-settings.ts';
import { lossWeights } from '../settings/training-settings.ts';
import { trainStage } from './train-stage.ts';

/** Throws one line where the device computes in another precision than the run. */
export function checkPrecision({ precision }: TrainingConfig, device: Device): void {
  const { precision: own = 'f32' } = device.info;
  if (own !== precision) throw new HybridmedError(`the run is of precision "${precision}", the device computes in "${own}"; open it with the run's precision`);
}

/** Throws one line where the settings leave no stage, or a second stage without a loss. */
export function checkWork(config: TrainingConfig): void {
  const { epochs, stage1 } = config;
  if (epochs[1] === 0 && (epochs[0] === 0 || stage1 !== true)) throw new HybridmedError('"epochs" leaves no stage to train; give --epochs A,B');
  if (epochs[1] > 0 && lossTerms({ stage: 2, weights: lossWeights(config) }).length === 0)
    throw new HybridmedError(`every loss of stage 2 has weight 0; keep one of ${lossNames.join(', ')}, or give stage 2 no epochs (--epochs A,0)`);
}

/** The stages that the settings ask for, in their order. */
export const stagesToTrain = ({ epochs, stage1 }: TrainingConfig): readonly Stage[] => [
  ...(stage1 === true && epochs[0] > 0 ? [1 as const] : []),
  ...(epochs[1] > 0 ? [2 as const] : []),
];

/** The run as a stage sees it: settings, model and training source are the stage's. */
async function stageRun(run: TrainingRun, stage: Stage): Promise<TrainingRun> {
  const config = stageSettings(run.config, stage);
  if (run.openStage) return { ...run, config, ...(await run.openStage(stage, config)) };
  if (run.config.stages[stage]) throw new HybridmedError(`stage ${stage} has settings of its own, which this run cannot open; leave "stages" out`);
  return { ...run, config };
}

/** Trains the stages that the settings ask for, each from where its store says that it resumes. Throws one line where ranks cannot share a step's passes. */
export async function trainStages(run: TrainingRun): Promise<readonly TrainerState[]> {
  const stages = stagesToTrain(run.config);
  for (const stage of stages) checkPasses(stageSettings(run.config, stage).accumulate, run.ranks ?? alone);
  const states: TrainerState[] = [];
  for (const stage of stages) states.push(await trainStage(await stageRun(run, stage), stage));
  return states;
}
