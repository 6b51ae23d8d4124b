// A row of the table of losses: what a loss is called, where it is trained, what it reads, and its value.
import type { ParameterSpecs, TextEncoder, VisionEncoder } from '@hybridmed/nn';
import type { Tensor, Tensors } from '@hybridmed/tensor';
import type { BatchField, BatchTensors } from '../model/batch-fields.ts';
import type { LabelConfig } from '../model/config.ts';
import type { Stage } from '../model/stages.ts';

/** Settings that losses read. */
export interface LossOptions {
  /** Distillation temperature T. */
  readonly temperature: number;
  /** Temperature tau of the local alignment. */
  readonly tau: number;
  /** Whether studies with one impression are negatives of each other, share the target, or have one text in common. */
  readonly duplicates: 'negatives' | 'positives' | 'unique';
}

/** What the model, or its exported graphs, make of a batch for losses to read: B studies, T target tokens, L findings tokens, N patches, d the common space. */
export interface LossFeatures {
  /** Cross-entropy of each target token by the findings branch, and by the image branch (B, T), in nats. */
  readonly summary: Tensor;
  readonly caption: Tensor;
  /** KL(teacher || image branch) at temperature T of each target token (B, T), in nats; no gradient into the teacher. */
  readonly divergence: Tensor;
  /** The vision encoder's vector of each image (B, Dv), before its projection. */
  readonly imageGlobal: Tensor;
  /** Projections of images and impressions (B, d), not normalized. */
  readonly imageVector: Tensor;
  readonly textVector: Tensor;
  /** Projections of patches (B, N, d) and findings tokens (B, L, d), not normalized. */
  readonly patches: Tensor;
  readonly words: Tensor;
  /** 1 for words of the findings (B, L), and the text encoder's weight of each, where it has one. */
  readonly wordMask: Tensor;
  readonly importance: Tensor | undefined;
}

/** Name of a feature. */
export type FeatureName = keyof LossFeatures;

/** Gives a feature by its name. */
export type FeatureReader = <N extends FeatureName>(name: N) => LossFeatures[N];

/** What a loss reads beside its features. */
export interface LossContext {
  /** The arrays of the batch that the row asks for by `fields`. */
  readonly batch: Partial<BatchTensors>;
  /** Parameters by their names in a checkpoint. */
  readonly parameters: Tensors;
  readonly options: LossOptions;
}

/** Parts of a model that a loss's own parameters are sized by. */
export interface LossParts {
  readonly vision: VisionEncoder;
  readonly text: TextEncoder;
  /** Labels that images are trained by. */
  readonly labels?: LabelConfig;
}

/** One loss. */
export interface LossRow<K extends string = string, F extends FeatureName = FeatureName> {
  /** Its name in settings, logs and graphs, and the first part of its own parameters' names. */
  readonly key: K;
  /** As formulas write it, such as L_CG. */
  readonly symbol: string;
  /** In words, lower case, as after "weight of" and "without". */
  readonly title: string;
  /** What it is a mean over: target tokens, or studies. */
  readonly unit: 'token' | 'study';
  /**
   * `study`: a study's loss depends on that study alone, and `value` gives one number per token (B, T) or per study (B). `batch`: it compares
   * the studies of a whole step, and `value` gives a scalar; a step of several passes then makes its features of all passes first.
   */
  readonly scope: 'study' | 'batch';
  /** Stages that train it. Weights are those of the last stage; an earlier one gives each of its losses weight 1. */
  readonly stages: readonly Stage[];
  /** 0 for a loss that is off unless asked for. */
  readonly defaultWeight: number;
  /** Whether the checkpoint with its lowest validation is the best, wherever it is trained; elsewhere the first loss of the table decides. */
  readonly watch?: true;
  /** Features that `value` reads. */
  readonly needs: readonly F[];
  /** Arrays of the batch that `value` reads as they are. */
  fields?(options: LossOptions): readonly BatchField[];
  /** Parameters of the model that `value` reads. */
  readonly reads?: readonly string[];
  /** Parameters of its own, which exist only in a model that is trained with it, under `KEY.`. */
  parameters?(parts: LossParts): ParameterSpecs;
  /** Names of its inputs in reference files: what each is, a name of `ModelOutputs`, of an array of the batch, or of a parameter. */
  readonly reference?: Readonly<Record<string, string>>;
  /** The loss in nats: see `scope`. */
  value(inputs: Pick<LossFeatures, F> & LossContext): Tensor;
}

/** A row, its key and its features kept as literal types. */
export const defineLoss = <const K extends string, const F extends FeatureName>(row: LossRow<K, F>): LossRow<K, F> => row;
