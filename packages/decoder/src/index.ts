// The public face of the dual-branch decoder.
export { attentionLayer } from './attention.ts';
export type { AttentionLayer, KeyValues } from './attention.ts';
export { dualBranchDecoder, memoryWidth } from './decoder.ts';
export type { Cache, Decoded, Decoder } from './decoder.ts';
export { rearrangeGraph, startGraph, stepGraph } from './cached-decoding.ts';
export type { DecodingOptions } from './cached-decoding.ts';
export { createStepper } from './device-stepper.ts';
export { decodeGraph, prefillGraph } from './exported-graphs.ts';
export type { ExportedGraphOptions } from './exported-graphs.ts';
export { distillationLoss, distilled, headLosses, tokenLoss } from './losses.ts';
export type { HeadLossInputs } from './losses.ts';
export { headLogits, tokenNats } from './pointer.ts';
export type { Copying, CopySource, TextHead } from './pointer.ts';
export { beamSearch, greedySearch, nucleusSearch } from './search.ts';
export type { Hypothesis, SearchOptions, Stepper } from './search.ts';
export type { DecoderConfig } from './stack.ts';
