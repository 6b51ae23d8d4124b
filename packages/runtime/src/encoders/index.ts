// The entry of encoders that are not presets': published checkpoints and modules.
export { describePublished } from './describe-published.ts';
export type { PublishedEncoder } from './describe-published.ts';
export { pretrainedHeads, pretrainedText, pretrainedVision } from './published-encoders.ts';
export type { PretrainedEncoder } from './published-encoders.ts';
