// The stages of a run, and what is checked before the first of them.
import { stageNumbers } from '@hybridmed/model';
import { lossNames, lossTerms } from '@hybridmed/model/objective';
import { alone } from '@hybridmed/ranks';
import type { Device } from '@hybridmed/tensor';
import { HybridmedError } from '@hybridmed/tensor';
import type { TrainerState } from '../contracts/trainer-state.ts';
import type { TrainingRun } from '../contracts/training-run.ts';
import type { TrainingConfig } from '../settings/training-settings.ts';
import { checkPasses } from '../ranks/shared-step.ts';
import { lossWeights, runsStage } from '../settings/training-settings.ts';
import { trainStage } from './train-stage.ts';

/** Throws one line where the device computes in another precision than the run. */
export function checkPrecision({ precision }: TrainingConfig, device: Device): void {
  const { precision: own = 'f32' } = device.info;
  if (own !== precision) throw new HybridmedError(`the run is of precision "${precision}", the device computes in "${own}"; open it with the run's precision`);
}

/** Throws one line where the settings leave no stage, or a last stage without a loss. */
export function checkWork(config: TrainingConfig): void {
  if (!stageNumbers.some((stage) => runsStage(config, stage))) throw new HybridmedError('"epochs" leaves no stage to train; give --epochs A,B');
  if (runsStage(config, 2) && lossTerms({ stage: 2, weights: lossWeights(config) }).length === 0)
    throw new HybridmedError(`every loss of stage 2 has weight 0; keep one of ${lossNames.join(', ')}, or give stage 2 no epochs (--epochs A,0)`);
}

/** Trains the stages that the settings ask for, each from where its store says that it resumes. Throws one line where ranks cannot share a step's passes. */
export async function trainStages(run: TrainingRun): Promise<readonly TrainerState[]> {
  checkPasses(run.config.accumulate, run.ranks ?? alone);
  const stages: TrainerState[] = [];
  for (const stage of stageNumbers) if (runsStage(run.config, stage)) stages.push(await trainStage(run, stage));
  return stages;
}
