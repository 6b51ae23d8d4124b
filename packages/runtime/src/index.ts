// The main entry: checkpoints, exported folders and tokenizers on disk, opened for use in Node.
export { hashCheckpoint, hashFiles, hashNames } from './cache/content-hash.ts';
export { featureCache } from './cache/feature-cache.ts';
export type { FeatureCache } from './cache/feature-cache.ts';
export { checkpointFolder, hashParameters, loadCheckpoint, resolveCheckpoint, saveCheckpoint } from './checkpoint/checkpoint-folder.ts';
export { loadModuleEncoders } from './checkpoint/checkpoint-encoders.ts';
export type { CheckpointEncoders } from './checkpoint/checkpoint-encoders.ts';
export { describeCheckpoint } from './checkpoint/describe-checkpoint.ts';
export type { CheckpointInfo } from './checkpoint/describe-checkpoint.ts';
export { readParameters, readSafetensors, writeSafetensors } from './checkpoint/safetensors-file.ts';
export { exportCheckpoint } from './export/export-checkpoint.ts';
export type { ExportCheckpointOptions } from './export/export-checkpoint.ts';
export { isExported, openExported } from './export/exported-folder.ts';
export type { Exported } from './export/exported-folder.ts';
export { loadGenerator, prepareImages } from './session/report-generator.ts';
export type { ReportGenerator } from './session/report-generator.ts';
export { studyLoader, studySource } from './session/study-loader.ts';
export { readTokenizer } from './tokenizer/read-tokenizer.ts';
