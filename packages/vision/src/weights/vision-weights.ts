// Which vision encoder a checkpoint holds, by the names of its tensors, and how ours is made from it.
import type { Recipes, TensorShapes } from '@hybridmed/nn/weights';
import { WeightsError } from '@hybridmed/nn/weights';
import type { EncoderRow, PublishedTensors, WantedImage } from '../encoder-row.ts';
import type { VisionConfig } from '../table.ts';
import { encoderRows, publishedEncoders } from '../table.ts';
import type { DescribedNormalization } from './normalization.ts';
import { described, readNormalization } from './normalization.ts';

/** What is known of a checkpoint beside its tensors. */
export interface VisionWeightsOptions {
  /** Parsed config.json (transformers, timm, torchvision, torchxrayvision) or open_clip_config.json; undefined where there is none. */
  readonly config?: unknown;
  /** Parsed preprocessor_config.json (transformers). */
  readonly preprocessor?: unknown;
  /** What messages call these files and the checkpoint. */
  readonly configLabel?: string;
  readonly preprocessorLabel?: string;
  readonly label?: string;
  /** The images the encoder is to read, where they are not those of the checkpoint. */
  readonly image?: WantedImage;
}

/** An encoder of ours made from a checkpoint. */
export interface VisionWeights {
  /** Our configuration, for images in [-1, 1] of the wanted size and channels: normalization is part of the encoder. */
  readonly config: VisionConfig;
  /** For `loadWeights`. */
  readonly recipes: Recipes;
  /** In words, what neither tensors nor config tell and is taken by convention. */
  readonly assumed: readonly string[];
  /** How the published network's images are normalized, which ours does by itself. */
  readonly normalization: DescribedNormalization;
}

/**
 * Recognizes a vision encoder under any prefix, by the rows of the table. Throws a WeightsError where there is none, more than one, or one
 * that computes something else than ours would.
 */
export function visionWeights(
  shapes: TensorShapes,
  { config, preprocessor, configLabel = 'config.json', preprocessorLabel = 'preprocessor_config.json', label = 'checkpoint', image = {} }: VisionWeightsOptions,
): VisionWeights {
  const names = Object.keys(shapes);
  const foundEncoders = Object.values(encoderRows).flatMap((row) => row.find(names).map((prefix) => ({ row: row as EncoderRow<VisionConfig>, prefix })));
  const [first, ...others] = foundEncoders;
  if (!first) throw new WeightsError(`${label}: holds no vision encoder that this knows; it loads ${publishedEncoders}`);
  if (others.length > 0)
    throw new WeightsError(
      `${label}: holds ${foundEncoders.length} vision encoders, under ${foundEncoders.map(({ prefix }) => `"${prefix}"`).join(', ')}; save the one you want alone`,
    );
  const normalization = readNormalization({ config, configLabel, preprocessor, preprocessorLabel });
  const checkpoint: PublishedTensors = { shapes, prefix: first.prefix, config, configLabel, label, image, normalization };
  return { ...first.row.read(checkpoint), normalization: described(normalization) };
}
