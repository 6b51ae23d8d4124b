// What a built-in vision encoder is to everything else: one row with its configuration's rules, its network, and both directions between a
// published checkpoint and ours. Presets, the schema of config.json, loading, saving and verification are derived from the rows.
import type { VisionEncoder } from '@hybridmed/nn';
import type { Rule } from '@hybridmed/nn/rules';
import type { Recipes, TensorShapes } from '@hybridmed/nn/weights';
import type { HostArray } from '@hybridmed/tensor';
import type { ImageInput } from './image-input.ts';
import type { Normalization } from './weights/normalization.ts';

/** Fields that every configuration has: the encoder's kind, and the images it reads. */
export interface EncoderConfig extends ImageInput {
  readonly kind: string;
}

/** The input an encoder is wanted for: side in pixels, and channels. What is left out is the checkpoint's own. */
export interface WantedImage {
  readonly size?: number;
  readonly channels?: number;
}

/** A published checkpoint as rows read it. */
export interface PublishedTensors {
  readonly shapes: TensorShapes;
  /** What comes before the encoder's names. */
  readonly prefix: string;
  /** Parsed config.json; undefined where there is none. */
  readonly config: unknown;
  /** What messages call the config and the checkpoint. */
  readonly configLabel: string;
  readonly label: string;
  readonly image: WantedImage;
  /** How its images are normalized; undefined where nothing says so. */
  readonly normalization: Normalization | undefined;
}

/** What a row reads: our configuration, recipes for its parameters, and in words what is taken by convention. */
export interface ReadEncoder<C> {
  readonly config: C;
  readonly recipes: Recipes;
  readonly assumed: readonly string[];
}

/** An encoder as its library publishes one. */
export interface PublishedForm {
  /** The package of Python that reads it, and lines that do: from `folder`, of `images`, to `features`. */
  readonly library: string;
  readonly usage: string;
  /** What config.json holds. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Tensors that the library needs and ours lacks. */
  readonly extra: Readonly<Record<string, HostArray>>;
}

/** What a field must be to others: the key, whether it holds, and what it must be in words. */
export type Relation = readonly [key: string, holds: boolean, expected: string];

/** A built-in vision encoder. */
export interface EncoderRow<C extends EncoderConfig> {
  /** Whose encoders it reads, in words for messages. */
  readonly published: string;
  /** A rule with bounds for every field of its configuration: a stranger's file decides how much is built. */
  readonly rules: Readonly<Record<keyof C, Rule>>;
  /** What fields must be to each other. */
  relations?(config: C): readonly Relation[];
  build(config: C): VisionEncoder;
  /** The prefixes under which such encoders lie among a checkpoint's names. */
  find(names: readonly string[]): readonly string[];
  /** Throws a WeightsError for tensors or a config of something else. */
  read(checkpoint: PublishedTensors): ReadEncoder<C>;
  /** Throws a HybridmedError for an encoder that no library can express. */
  publish(config: C): PublishedForm;
}
