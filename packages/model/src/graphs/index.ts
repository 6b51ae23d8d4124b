// The entry of a model's graphs: batches, training steps, embeddings, features.
export { batchSpecs, pick } from './batch.ts';
export type { Batch, BatchField, BatchTensors } from './batch.ts';
export { imageEmbeddingGraph, memoryGraph, textEmbeddingGraph } from './embedding.ts';
export { frozenStep, throughFrozen } from './frozen-images.ts';
export type { FrozenStep } from './frozen-images.ts';
export { imageFeatureGraph, parameterSpecs } from './image-features.ts';
export {
  accumulateGraph,
  applyGraph,
  contrastGraph,
  gradientGraph,
  gradientPrefix,
  projectionGraph,
  stepFields,
  stepGraph,
  teacherGraph,
  teacherParameters,
  teacherPrefix,
  validationGraph,
} from './stage-graphs.ts';
export type { StagePlan, TeacherMode } from './stage-graphs.ts';
