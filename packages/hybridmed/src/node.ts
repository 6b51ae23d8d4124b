// The Node entry: training, evaluation, checkpoints and devices. What runs in a browser is the main entry.
export { evaluate } from './evaluation/evaluate.ts';
export type { EvaluateOptions } from './evaluation/evaluate.ts';
export type { EvaluationReport } from './evaluation/report.ts';
export { loadCheckpoint, resolveCheckpoint, saveCheckpoint } from './node/checkpoint.ts';
export type { Checkpoint, CheckpointConfig } from './node/checkpoint.ts';
export { describeCheckpoint } from './node/describe.ts';
export { listDevices, openDevice } from './node/device.ts';
export type { DeviceName } from './node/device.ts';
export { listGoldens, readGolden } from './node/goldens.ts';
export { pretrain } from './node/pretrain.ts';
export type { PretrainOptions, PretrainResult } from './node/pretrain.ts';
export { completeConfig, runConfigSchema } from './node/run-config.ts';
export type { RunConfig } from './node/run-config.ts';
export { readSafetensors, writeSafetensors } from './node/safetensors-file.ts';
export { loadWriter } from './node/writer.ts';
export type { Writer } from './node/writer.ts';
export { verifyGolden } from './verify/verify.ts';
