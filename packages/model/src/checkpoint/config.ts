// What config.json of a checkpoint holds.
import type { ModelConfig } from '../model/config.ts';
import type { LikelihoodRatio } from './likelihood-ratio.ts';
import type { Stage } from '../model/stages.ts';

/** Version of the folder's layout. */
export const formatVersion = 2;

/** How inputs are prepared for a checkpoint's model. */
export interface InputConfig {
  /** Longest side after resizing, in pixels; the crop is the encoder's size. */
  readonly resize: number;
  readonly findingsLength: number;
  readonly impressionLength: number;
  /** Number of retrieved impressions that findings are read with, where the model was trained with them. */
  readonly retrieve?: number;
}

/** What config.json holds. */
export interface CheckpointConfig {
  readonly formatVersion: number;
  readonly preset: string;
  readonly stage: Stage;
  readonly model: ModelConfig;
  readonly input: InputConfig;
  /** Writing from images by likelihood ratio, where validation studies chose it. */
  readonly likelihoodRatio?: LikelihoodRatio;
}
