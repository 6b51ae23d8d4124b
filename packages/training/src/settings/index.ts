// The entry of the settings of training as rows. It loads no schema library, and of the model only its presets and its table of losses.
export { ratesInWords } from './learning-rates.ts';
export type { LearningRates } from './learning-rates.ts';
export { stageSettings, stageRows, stagesInWords, stagesRow } from './stage-settings.ts';
export type { StageKey, StageValues } from './stage-settings.ts';
export { runsStage, stageEpochs, usesLabels } from './run-stages.ts';
export { completeTraining, trainingSettings } from './training-settings.ts';
export type { TrainingConfig } from './training-settings.ts';
export { changesWithoutImages, withoutImageParts } from './without-images.ts';
