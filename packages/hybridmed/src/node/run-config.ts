// Everything a pre-training run is decided by, as plain JSON: what the configuration file holds and what is saved with the run.
import type { LossWeights } from '../model/config.ts';
import { defaultWeights } from '../model/config.ts';
import type { Preset, PresetName } from '../model/presets.ts';
import { presets } from '../model/presets.ts';

/** A run's configuration, complete: presets and defaults filled in. Saved as run.json. */
export interface RunConfig {
  readonly data: string;
  readonly preset: PresetName;
  readonly seed: number;
  readonly views: 'frontal' | 'all';
  /** Greatest number of training studies (and of validation studies); 0 for all. */
  readonly limit: number;
  readonly epochs: readonly [number, number];
  /** Greatest number of steps per stage; 0 for what the epochs give. */
  readonly steps: readonly [number, number];
  readonly batch: number;
  readonly accumulate: number;
  readonly learningRate: number;
  /** Share of the steps that warm up. */
  readonly warmup: number;
  readonly weightDecay: number;
  readonly clip: number;
  readonly earlyStop: number;
  readonly weights: LossWeights;
  readonly temperature: number;
  readonly tau: number;
  readonly duplicates: 'negatives' | 'positives';
  readonly teacher: 'snapshot' | 'live';
  readonly projection: 'linear' | 'mlp';
  readonly sharedCross: boolean;
  /** False leaves stage 1 out. */
  readonly stage1: boolean;
  /** Folder of a run whose stage 1 this run starts from, or null. */
  readonly stage1From: string | null;
  readonly vocabulary: number;
  readonly dropout: number;
  /** Steps between checkpoints inside an epoch; 0 for the ends of epochs only. */
  readonly checkpointEvery: number;
}

/** What a user gives; everything but `data` has a default. */
export type RunOptions = Partial<RunConfig> & { readonly data: string };

/** Fills in what was not given from the preset and the method's defaults. */
export function completeConfig(options: RunOptions): RunConfig {
  const name = options.preset ?? 'small';
  const preset: Preset = presets[name];
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as RunOptions;
  return {
    preset: name,
    seed: 0,
    views: 'frontal',
    limit: 0,
    epochs: preset.epochs,
    steps: [0, 0],
    batch: preset.batch,
    accumulate: preset.accumulate,
    learningRate: preset.learningRate,
    warmup: 0.1,
    weightDecay: 0.05,
    clip: 1,
    earlyStop: preset.earlyStop,
    weights: defaultWeights,
    temperature: 1,
    tau: 0.1,
    duplicates: preset.duplicates,
    teacher: 'snapshot',
    projection: 'linear',
    sharedCross: false,
    stage1: true,
    stage1From: null,
    vocabulary: preset.vocabulary,
    dropout: preset.vision.dropout ?? 0,
    checkpointEvery: 500,
    ...given,
  };
}
