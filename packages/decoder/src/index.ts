// The public face of the dual-branch decoder.
export { attentionLayer } from './attention.ts';
export type { AttentionLayer, KeyValues } from './attention.ts';
export { dualBranchDecoder } from './decoder.ts';
export type { Cache, Decoded, Decoder, DecoderConfig } from './decoder.ts';
export { createStepper, startGraph, stepGraph } from './decoding.ts';
export type { DecodingOptions } from './decoding.ts';
export { decodeGraph, prefillGraph } from './growing.ts';
export type { GrowingOptions } from './growing.ts';
export { distillationLoss, headLosses, tokenLoss } from './losses.ts';
export type { HeadLossInputs } from './losses.ts';
export { beamSearch, greedySearch, nucleusSearch } from './search.ts';
export type { Hypothesis, SearchOptions, Stepper } from './search.ts';
