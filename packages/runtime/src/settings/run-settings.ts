// The settings of a run, complete: those of its data and those of training. A run keeps their values in run.json.
import type { Values } from '@hybridmed/training/options';
import { mergeSettings, ofRun } from '@hybridmed/training/options';
import { stagesRow, trainingSettings } from '@hybridmed/training/settings';
import { dataSettings } from './data-settings.ts';

/** The table; every row affects what is computed. */
export const runSettings = { ...dataSettings, ...trainingSettings, ...ofRun({ stages: stagesRow({ ...dataSettings, ...trainingSettings }) }) };

/** A run's configuration, complete: presets and defaults filled in. Saved as run.json. */
export type RunConfig = Values<typeof runSettings>;

/** Settings of a user; all but `data` have defaults. */
export type RunOptions = Partial<RunConfig> & { readonly data: string };

/** Completes settings with the defaults of the preset and of the method. */
export const completeConfig = (options: RunOptions): RunConfig => mergeSettings(runSettings, { file: options });

/** Settings that may change when a run is resumed. */
export const changeableSettings = Object.entries(runSettings).flatMap(([key, row]) =>
  'onResume' in row && row.onResume === 'may change' ? [key as keyof RunConfig] : [],
);

/** Of the values of a larger table, such as a command's, those that are a run's. */
export const runConfig = (values: RunConfig): RunConfig =>
  Object.fromEntries(Object.keys(runSettings).map((key) => [key, values[key as keyof RunConfig]])) as unknown as RunConfig;
