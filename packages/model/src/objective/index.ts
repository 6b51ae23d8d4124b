// The entry of the objective: the table of losses, which of them a stage trains, and their composition over features.
export { composeLosses, weightedSum } from './compose.ts';
export type { Counts, LossInputs, Losses } from './compose.ts';
export { summarize, wordMask } from './features.ts';
export { outputFeatures } from './output-features.ts';
export type { ModelOutputs } from './output-features.ts';
export type { FeatureName, LossContext, LossFeatures, LossOptions, LossParts, LossRow } from './row.ts';
export { defaultWeights, lossNames, lossRows } from './rows.ts';
export type { LossName, LossWeights } from './rows.ts';
export { evaluatedWeights, lossesOfImages, lossesWithParameters, lossTerms, parametersRead, stages, watchedLoss, weightsInWords } from './terms.ts';
export type { LossTerm, StageWeights } from './terms.ts';
