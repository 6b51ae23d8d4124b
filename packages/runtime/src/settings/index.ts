// The entry of a run's settings as rows. It loads no schema library; the check of files is in the entry of runs.
export { dataSelection, dataSettings } from './data-settings.ts';
export type { DataSettings } from './data-settings.ts';
export { completeConfig, runConfig, runSettings } from './run-settings.ts';
export type { RunConfig, RunOptions } from './run-settings.ts';
