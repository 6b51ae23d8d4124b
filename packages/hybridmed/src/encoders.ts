// The entry for encoders of one's own, in Node: checks of it, published checkpoints, and what a module gives.
export { checkEncoder } from './check-encoder/check-encoder.ts';
export type { CheckEncoderOptions, EncoderCheck } from './check-encoder/check-encoder.ts';
export type { CreateTextEncoder, CreateVisionEncoder, TextEncoderOptions, VisionEncoderOptions } from './model/encoder-module.ts';
export { pretrainedText, pretrainedVision } from './node/encoders/published.ts';
export type { PretrainedEncoder } from './node/encoders/published.ts';
export { saveEncoder } from './saving/save-encoder.ts';
export type { SavedEncoder, SaveEncoderOptions } from './saving/save-encoder.ts';
