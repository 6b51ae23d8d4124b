// The entry of the settings of training as rows. It loads no schema library, and of the model only its presets and its table of losses.
export { completeTraining, runsStage, stageEpochs, trainingSettings, usesLabels } from './training-settings.ts';
export type { TrainingConfig } from './training-settings.ts';
