// Which vision encoder a checkpoint holds, by the names of its tensors, and how ours is made from it.
import type { Recipes, TensorShapes } from '@hybridmed/nn/weights';
import { WeightsError } from '@hybridmed/nn/weights';
import type { ResNetConfig } from '../resnet.ts';
import type { ViTConfig } from '../vit-config.ts';
import { findTransformers } from './tensor-names.ts';
import { findResNets, resnetWeights } from './resnet-weights.ts';
import type { WantedImage } from './vit-weights.ts';
import { vitWeights } from './vit-weights.ts';

/** What is known of a checkpoint beside its tensors. */
export interface VisionWeightsOptions {
  /** Parsed config.json (transformers, timm) or open_clip_config.json; undefined where there is none. */
  readonly config?: unknown;
  /** What messages call the config and the checkpoint. */
  readonly configLabel?: string;
  readonly label?: string;
  /** The images the encoder is to read, where they are not those of the checkpoint (224 pixels for a ResNet). */
  readonly image?: WantedImage;
}

/**
 * Recognizes a ViT (transformers' ViT, DeiT, MAE, DINO, DINOv2 with registers and SwiGLU, CLIP; timm; torchvision; open_clip) or a plain
 * ResNet (torchvision, timm) under any prefix. Returns our configuration for images of the wanted size and channels, and recipes for
 * `loadWeights`, and in words what neither tensors nor config tell and is taken by convention. Throws a WeightsError where there is none, more than one, or one that computes something else.
 */
export function visionWeights(
  shapes: TensorShapes,
  { config, configLabel = 'config.json', label = 'checkpoint', image = {} }: VisionWeightsOptions,
): { config: ViTConfig | ResNetConfig; recipes: Recipes; assumed: readonly string[] } {
  const names = Object.keys(shapes);
  const transformers = findTransformers(names);
  const resnets = findResNets(names);
  const prefixes = [...transformers.map(({ prefix }) => prefix), ...resnets];
  if (prefixes.length === 0)
    throw new WeightsError(
      `${label}: holds no vision encoder that this knows; it loads ViTs of transformers, timm, torchvision and open_clip, and ResNets of torchvision and timm`,
    );
  if (prefixes.length > 1)
    throw new WeightsError(
      `${label}: holds ${prefixes.length} vision encoders, under ${prefixes.map((prefix) => `"${prefix}"`).join(', ')}; save the one you want alone`,
    );
  if (transformers[0]) return vitWeights(shapes, transformers[0], { config, configLabel, label, image });
  return resnetWeights(shapes, resnets[0]!, { config, configLabel, label, image });
}
