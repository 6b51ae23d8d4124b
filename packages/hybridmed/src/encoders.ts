// The entry for encoders of one's own, in Node: checks of it, published checkpoints, and what a module gives.
export { checkEncoder } from '@hybridmed/testing';
export type { CheckEncoderOptions, EncoderCheck } from '@hybridmed/testing';
export type { CreateTextEncoder, CreateVisionEncoder, TextEncoderOptions, VisionEncoderOptions } from '@hybridmed/model';
export { pretrainedText, pretrainedVision } from '@hybridmed/runtime/encoders';
export type { PretrainedEncoder } from '@hybridmed/runtime/encoders';
export { saveEncoder } from './saving/save-encoder.ts';
export type { SavedEncoder, SaveEncoderOptions } from './saving/save-encoder.ts';
