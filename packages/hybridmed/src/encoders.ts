// The entry for custom encoders, in Node: checks, published checkpoints, and what a module exports.
export { checkEncoder } from '@hybridmed/testing';
export type { CheckEncoderOptions, EncoderCheck } from '@hybridmed/testing';
export type { CreateTextEncoder, CreateVisionEncoder, TextEncoderOptions, VisionEncoderOptions } from '@hybridmed/model';
export { pretrainedText, pretrainedVision } from '@hybridmed/runtime/encoders';
export type { PretrainedEncoder } from '@hybridmed/runtime/encoders';
export { saveEncoder } from './saving/save-encoder.ts';
export type { SavedEncoder, SaveEncoderOptions } from './saving/save-encoder.ts';
