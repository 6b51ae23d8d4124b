// The public face of the layers.
export { normalize, maskedMean, relu } from './functional.ts';
export type { TextEncoder, TextFeatures, VisionEncoder, VisionFeatures } from './encoders.ts';
export { freeze, trainedNames } from './fine-tuning/freeze.ts';
export { layerDecay } from './fine-tuning/layer-decay.ts';
export { adapterState, addLora, isAdapter, mergeLora } from './fine-tuning/lora.ts';
export type { LoraOptions } from './fine-tuning/lora.ts';
export { dropout } from './layers/dropout.ts';
export { embedding, linear } from './layers/linear.ts';
export { batchNorm, layerNorm } from './layers/norm.ts';
export { rootScope } from './module.ts';
export type { Module, Scope, ScopeOptions } from './module.ts';
export { adamWStep, cosineSchedule, decays, momentNames } from './optimizer.ts';
export type { AdamWOptions } from './optimizer.ts';
export { collect, initialize } from './parameters.ts';
export type { Initializer, ParameterSpec, ParameterSpecs } from './parameters.ts';
export { decodeEntry, encodeSafetensors, parseSafetensors, parseSafetensorsHeader, SafetensorsError } from './safetensors.ts';
export type { SafetensorsEntry, SafetensorsHeader } from './safetensors.ts';
