// The entry of a model's graphs: batches, training steps, embeddings, features.
export { batchSpecs, pick } from './batch.ts';
export type { Batch } from './batch.ts';
export type { BatchField, BatchTensors } from '../model/batch-fields.ts';
export { imageFeatureGraph, partialMemoryGraph, textFeatureGraph } from './features.ts';
export type { ImageModel, ImageOutput, TextModel, TextOutput } from './features.ts';
export { frozenFront } from './frozen-front.ts';
export type { FrozenFront } from './frozen-front.ts';
export { frozenStep, throughFrozen } from './frozen-images.ts';
export type { FrozenStep } from './frozen-images.ts';
export { memoryGraph } from './memory.ts';
export { momentSpecs, partSpecs } from './part-specs.ts';
export { accumulateGraph, applyGraph, contrastGraph, contrastPrefix, projectionGraph } from './accumulation-graphs.ts';
export { optimizerStepGraph } from './optimizer-step.ts';
export type { Objective, TracedLosses } from './optimizer-step.ts';
export { gradientPrefix, stepFields, teacherParameters, teacherPrefix, usesTeacher } from './stage-plan.ts';
export type { StagePlan, TeacherMode } from './stage-plan.ts';
export { gradientGraph, stepGraph, teacherGraph, validationGraph } from './step-graphs.ts';
