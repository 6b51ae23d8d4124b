// The entry for encoders of one's own, in Node: published checkpoints, and what a module gives.
export type { CreateTextEncoder, CreateVisionEncoder, TextEncoderOptions, VisionEncoderOptions } from './model/encoder-module.ts';
export { pretrainedText, pretrainedVision } from './node/pretrained/encoders.ts';
export type { PretrainedEncoder } from './node/pretrained/encoders.ts';
