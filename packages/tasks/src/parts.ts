// The Node entry for work in parts: what a part of embedding or of an evaluation writes, and what all of them make.
export { embedCommand, mergeEmbedded, writeEmbedPart } from './embed/embed-parts.ts';
export type { EmbedPart } from './embed/embed-parts.ts';
export { imageFeatureFile, textFeatureFile, writeFeatureFile } from './embed/feature-file.ts';
export type { FeatureFile } from './embed/feature-file.ts';
export { evaluateCommand, mergeEvaluation, writeEvaluationPart } from './evaluate/evaluation-parts.ts';
export type { EvaluationPart, MergeEvaluationOptions } from './evaluate/evaluation-parts.ts';
