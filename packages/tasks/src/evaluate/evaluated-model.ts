// The interface of what is evaluated: a checkpoint on a device, or the graphs of an exported folder.
import type { Loader, Study } from '@hybridmed/data';
import type { Vectors } from '@hybridmed/eval';
import type { Generator, Branch } from '@hybridmed/model';
import type { StagePlan } from '@hybridmed/model/graphs';
import { evaluatedWeights } from '@hybridmed/model/objective';
import type { Tokenizer } from '@hybridmed/text';
import type { LossValues } from '@hybridmed/training';
import type { ImageDecoder } from './image-decoder.ts';
import type { StudyLosses } from './study-losses.ts';

/** A model that reads images and findings and writes impressions. */
export interface EvaluatedModel {
  readonly folder: string;
  /** SHA-256 of its weights. */
  readonly hash: string;
  readonly tokenizer: Tokenizer;
  /** True where it has an image branch and an alignment; false for a stage-1 model. */
  readonly hasImageBranch: boolean;
  /** Who computes, in words. */
  readonly device: string;
  loader(studies: readonly Study[]): Loader;
  generator(branch: Branch): Promise<Generator>;
  /** Mean losses per study over a split. */
  losses(loader: Loader): Promise<LossValues>;
  studyLosses(branch: Branch, loader: Loader): Promise<StudyLosses>;
  /** The image branch in its two halves. */
  imageDecoder(): Promise<ImageDecoder>;
  /** Max number of tokens of an impression, special ones included. */
  readonly impressionLength: number;
  /** Unit vectors (N, d) of a loader's images, and of texts read as impressions are. */
  embedImages(loader: Loader): Promise<Vectors>;
  embedTexts(texts: readonly string[]): Promise<Vectors>;
  close(): Promise<void>;
}

/** Studies of one batch: fixed, so that figures do not depend on who evaluates. */
export const evaluationBatch = 32;

/** The losses of stage 2 that an evaluation of a model with these parameters shows. */
export const evaluationPlan = (parameters: Readonly<Record<string, unknown>>) =>
  ({ stage: 2, teacher: 'live', weights: evaluatedWeights(parameters), temperature: 1, tau: 0.1, duplicates: 'positives' }) as const satisfies StagePlan;
