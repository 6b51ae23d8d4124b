// The model's sizes as plain JSON: what a checkpoint's config.json holds and presets fill in.
import type { DecoderConfig } from '@hybridmed/decoder';
import type { BertConfig } from '@hybridmed/text';
import type { VisionConfig } from '@hybridmed/vision';

/** Ids of the special tokens, looked up by name in the vocabulary. */
export interface SpecialTokens {
  readonly pad: number;
  readonly unk: number;
  readonly cls: number;
  readonly sep: number;
  readonly mask?: number;
}

/** A vision encoder of somebody else's module: its name as the user wrote it, and the images it reads. */
export interface ModuleVisionConfig {
  readonly kind: 'module';
  readonly module: string;
  readonly imageSize: number;
  readonly channels: number;
}

/** No vision encoder: the control that says what images add. The image branch then writes without reading anything. */
export interface NoVisionConfig {
  readonly kind: 'none';
}

/** A text encoder of somebody else's module, for a number of tokens and of positions. */
export interface ModuleTextConfig {
  readonly kind: 'module';
  readonly module: string;
  readonly vocabularySize: number;
  readonly positions: number;
}

/** Labels that a model's images are trained by. */
export interface LabelConfig {
  /** Each label, behind the text that gives it: `report: Edema`, `impression: Edema`. */
  readonly columns: readonly string[];
  /** Of each one the log odds among training studies, where the head's bias starts. */
  readonly logOdds: readonly number[];
  /** What a label that a report doubts is: left out, absent (0) or present (1). */
  readonly doubtful: 'mask' | 0 | 1;
  /** Whether stage 2 trained the image encoder on without its head, which then no longer fits it. */
  readonly stale?: boolean;
}

/** Sizes of a whole model. */
export interface ModelConfig {
  readonly vision: VisionConfig | ModuleVisionConfig | NoVisionConfig;
  readonly text: BertConfig | ModuleTextConfig;
  /** Width d of the common space of images and texts. */
  readonly align: number;
  /** Kind of the projections into it. */
  readonly projection?: 'linear' | 'mlp';
  /** Dropout of features before these projections, in training. */
  readonly projectionDropout?: number;
  /** Whether linear projections have a bias, which holds what features were standardized by. */
  readonly projectionBias?: boolean;
  /** Dropout of images' vectors before the head of label supervision, in training. */
  readonly headDropout?: number;
  readonly decoder: DecoderConfig;
  readonly special: SpecialTokens;
  /** Losses with parameters of their own that the model is trained with. */
  readonly losses?: readonly string[];
  /** The labels of label supervision, where that is one of them. */
  readonly labels?: LabelConfig;
}
