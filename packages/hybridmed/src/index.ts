// The main entry: models, stages and generation, free of Node so that it runs in a browser. Data loading, training and the command line are `hybridmed/node`.
export { exportedGenerator } from '@hybridmed/model';
export type { ExportedBranch, GraphRunner } from '@hybridmed/model';
export type { ExportedGraph, ExportedPart, ExportManifest, PortSpec } from '@hybridmed/model';
export { partGraphs } from '@hybridmed/model';
export type { PartName } from '@hybridmed/model';
export { createGenerator } from '@hybridmed/model';
export type { Generator, Search } from '@hybridmed/model';
export { defaultWeights, lossNames } from '@hybridmed/model/objective';
export type { LossName, LossWeights, ModelConfig, SpecialTokens } from '@hybridmed/model';
export { imageFeatureGraph, memoryGraph, textFeatureGraph } from '@hybridmed/model/graphs';
export type { ImageOutput, TextOutput } from '@hybridmed/model/graphs';
export { openSession, SessionError } from '@hybridmed/model/session';
export type { BranchInput, GeneratedText, ModelSession, SessionInfo } from '@hybridmed/model/session';
export { fineTune } from '@hybridmed/model';
export type { FineTuneOptions } from '@hybridmed/model';
export { composeModel, createModel, trainable } from '@hybridmed/model';
export type { Branch, Model, ModelParts } from '@hybridmed/model';
export { presetModel, presets } from '@hybridmed/model/presets';
export type { Preset, PresetName } from '@hybridmed/model/presets';
export type { Batch, BatchField } from '@hybridmed/model/graphs';
export {
  accumulateGraph,
  applyGraph,
  contrastGraph,
  gradientGraph,
  projectionGraph,
  stepGraph,
  teacherGraph,
  teacherParameters,
  validationGraph,
} from '@hybridmed/model/graphs';
export type { StagePlan, TeacherMode } from '@hybridmed/model/graphs';
