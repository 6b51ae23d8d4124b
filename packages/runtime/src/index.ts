// The main entry: checkpoints, exported folders and tokenizers on disk, opened for use in Node.
export { hashCheckpoint, hashFiles, hashNames } from './cache/content-hash.ts';
export { featureCache } from './cache/feature-cache.ts';
export type { FeatureCache } from './cache/feature-cache.ts';
export {
  checkpointFolder,
  hashParameters,
  loadCheckpoint,
  openCheckpoint,
  readConfig,
  readTrainerState,
  resolveCheckpoint,
  saveCheckpoint,
} from './checkpoint/checkpoint-folder.ts';
export { openCheckpointPart } from './checkpoint/checkpoint-part.ts';
export type { CheckpointPart } from './checkpoint/checkpoint-part.ts';
export { loadModuleEncoders } from './checkpoint/checkpoint-encoders.ts';
export type { CheckpointEncoders } from './checkpoint/checkpoint-encoders.ts';
export { describeCheckpoint } from './checkpoint/describe-checkpoint.ts';
export type { CheckpointInfo } from './checkpoint/describe-checkpoint.ts';
export { readParameters, readSafetensors, writeSafetensors } from './checkpoint/safetensors-file.ts';
export { exportCheckpoint } from './export/export-checkpoint.ts';
export type { ExportCheckpointOptions } from './export/export-checkpoint.ts';
export { isExported, openExported } from './export/exported-folder.ts';
export type { Exported } from './export/exported-folder.ts';
export { openModel, readImages } from './session/open-model.ts';
export type { OpenedModel, OpenModelOptions } from './session/open-model.ts';
export { readableStudies } from './session/readable-studies.ts';
export { modelInput, studyLoader } from './session/study-loader.ts';
export { studySource } from './session/study-source.ts';
export { readTokenizer } from './tokenizer/read-tokenizer.ts';
