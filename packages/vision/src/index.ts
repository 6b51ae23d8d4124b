// The public face of the vision encoders.
import type { VisionEncoder } from '@hybridmed/nn';
import type { ResNetConfig } from './resnet.ts';
import { resnet } from './resnet.ts';
import type { ViTConfig } from './vit-config.ts';
import { vit } from './vit.ts';

export { resnet, vit };
export type { ResNetConfig, ViTConfig };
export type { Mlp } from './mlp.ts';
export { resnet50, vitB16, vitS16, vitTi16 } from './presets.ts';
export { visionWeights } from './weights/vision-weights.ts';
export type { VisionWeightsOptions } from './weights/vision-weights.ts';
export type { WantedImage } from './weights/vit-weights.ts';

/** Builds the encoder a configuration names. */
export function visionEncoder(config: ViTConfig | ResNetConfig): VisionEncoder {
  return config.kind === 'vit' ? vit(config) : resnet(config);
}
