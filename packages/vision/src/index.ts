// The public face of the vision encoders.
export { publishVision, visionEncoder, visionRelations, visionRules } from './table.ts';
export type { VisionConfig, VisionKind } from './table.ts';
export type { PublishedForm, Relation, WantedImage } from './encoder-row.ts';
export { imageRules } from './image-input.ts';
export type { ImageInput } from './image-input.ts';
export { resnet, resnet50 } from './resnet/resnet.ts';
export type { ResNetConfig } from './resnet/resnet.ts';
export { vitB16, vitS16, vitTi16 } from './vit/config.ts';
export type { ViTConfig } from './vit/config.ts';
export type { Mlp } from './vit/mlp.ts';
export { vit } from './vit/vit.ts';
export { visionWeights } from './weights/vision-weights.ts';
export type { VisionWeights, VisionWeightsOptions } from './weights/vision-weights.ts';
