// The entry of what a checkpoint is good for, in Node: classification, retrieval, visual questions. Protocols over features are @hybridmed/eval/protocols.
export { finetune } from './classification/finetune.ts';
export type { FinetuneOptions, FinetuneResult } from './classification/finetune.ts';
export { probe } from './classification/probe.ts';
export type { ProbeCommandOptions, ProbeResult } from './classification/probe.ts';
export { openEncoder } from './features/encoder.ts';
export type { Encoder, EncoderOptions, ImageFeatures, StudyFeatures } from './features/encoder.ts';
export { query } from './retrieval/query.ts';
export type { QueryOptions, QueryResult } from './retrieval/query.ts';
export { retrieve } from './retrieval/retrieve.ts';
export type { RetrieveOptions, RetrieveReport } from './retrieval/retrieve.ts';
export { evaluateVqa } from './vqa/evaluate.ts';
export type { VqaEvaluateOptions, VqaReport } from './vqa/evaluate.ts';
export { trainVqa } from './vqa/train.ts';
export type { VqaTrainOptions, VqaTrainResult } from './vqa/train.ts';
export { zeroShot } from './zero-shot/zero-shot.ts';
export type { ZeroShotOptions, ZeroShotReport } from './zero-shot/zero-shot.ts';
