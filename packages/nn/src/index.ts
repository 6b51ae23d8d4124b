// The public face of the layers.
export { maskedMean, normalize, quickGelu, relu, silu } from './functional.ts';
export type { TextEncoder, TextFeatures, VisionEncoder, VisionFeatures } from './encoders.ts';
export { trainedNames } from './fine-tuning/freeze.ts';
export { dropout } from './layers/dropout.ts';
export { embedding, linear } from './layers/linear.ts';
export { batchNorm, layerNorm } from './layers/norm.ts';
export { rootScope } from './module.ts';
export type { Module, Scope, ScopeOptions } from './module.ts';
export { adamWStep, cosineSchedule, decays, momentNames } from './optimizer.ts';
export type { AdamWOptions } from './optimizer.ts';
export { collect, initialize } from './parameters.ts';
export type { Initializer, ParameterSpec, ParameterSpecs } from './parameters.ts';
export { decodeEntry, parseSafetensors } from './safetensors/decode.ts';
export { encodeSafetensors, safetensorsHeader } from './safetensors/encode.ts';
export { parseSafetensorsHeader, SafetensorsError } from './safetensors/header.ts';
export type { SafetensorsDtype, SafetensorsEntry, SafetensorsHeader } from './safetensors/header.ts';
export { openSafetensors } from './safetensors/reader.ts';
export type { ByteSource, SafetensorsFile } from './safetensors/reader.ts';
