// Published sizes at 224 pixels and three channels.
import type { ResNetConfig } from './resnet.ts';
import type { ViTConfig } from './vit-config.ts';

const vit224 = (width: number, heads: number): ViTConfig => ({ kind: 'vit', imageSize: 224, patch: 16, channels: 3, width, depth: 12, heads });

/** ViT-Ti/16 [Touvron et al. 2021]. */
export const vitTi16: ViTConfig = vit224(192, 3);
/** ViT-S/16 [Touvron et al. 2021]. */
export const vitS16: ViTConfig = vit224(384, 6);
/** ViT-B/16 [Dosovitskiy et al. 2021]. */
export const vitB16: ViTConfig = vit224(768, 12);
/** ResNet-50 [He et al. 2016]. */
export const resnet50: ResNetConfig = { kind: 'resnet', imageSize: 224, channels: 3, layers: [3, 4, 6, 3], channelsPerStage: [64, 128, 256, 512] };
