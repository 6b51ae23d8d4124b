// The main entry: checks of an encoder of one's own, and of a device against goldens.
export { checkEncoder } from './check-encoder/check-encoder.ts';
export type { CheckEncoderOptions, EncoderCheck } from './check-encoder/check-encoder.ts';
export { listGoldens, readGolden } from './goldens.ts';
export type { Comparison, Golden, ReplayOptions } from './verify/golden.ts';
export { needsWeights, verifyGolden } from './verify/verify.ts';
