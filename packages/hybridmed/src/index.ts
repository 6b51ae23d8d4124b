// The main entry: models, stages and generation, free of Node so that it runs in a browser. Data loading, training and the command line are `hybridmed/node`.
export { exportedGenerator } from './exporting/generator.ts';
export type { ExportedBranch, GraphRunner } from './exporting/generator.ts';
export type { ExportedGraph, ExportedPart, ExportManifest, PortSpec } from './exporting/manifest.ts';
export { partGraphs } from './exporting/parts.ts';
export type { PartName } from './exporting/parts.ts';
export { createGenerator } from './generation/generator.ts';
export type { Generator, Search } from './generation/generator.ts';
export { defaultWeights, lossNames } from './model/config.ts';
export type { LossName, LossWeights, ModelConfig, SpecialTokens } from './model/config.ts';
export { imageEmbeddingGraph, memoryGraph, textEmbeddingGraph } from './model/embed.ts';
export { fineTune } from './model/fine-tune.ts';
export type { FineTuneOptions } from './model/fine-tune.ts';
export { composeModel, createModel, trainable } from './model/model.ts';
export type { Branch, Model, ModelParts } from './model/model.ts';
export { presetModel, presets } from './model/presets.ts';
export type { Preset, PresetName } from './model/presets.ts';
export type { Batch, BatchField } from './stages/batch.ts';
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
} from './stages/graphs.ts';
export type { StagePlan, TeacherMode } from './stages/graphs.ts';
