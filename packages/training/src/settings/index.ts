// The entry of a run's settings: their schema, their defaults, and the model they describe.
export { checkSettings, completeConfig, dataSelection, runConfigSchema } from './run-config.ts';
export type { DataSettings, RunConfig, RunOptions } from './run-config.ts';
export { runModel, runModelConfig } from './run-model.ts';
