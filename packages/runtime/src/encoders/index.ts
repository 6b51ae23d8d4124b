// The entry of encoders that are not presets': published checkpoints and modules.
export { describePublished } from './describe.ts';
export type { PublishedEncoder } from './describe.ts';
export { pretrainedText, pretrainedVision } from './published.ts';
export type { PretrainedEncoder } from './published.ts';
