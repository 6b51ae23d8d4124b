// The public face of the evaluation package: metrics, intervals and baselines over plain data.
export { mostFrequent } from './baselines/frequent.ts';
export { nearestTexts, nearestVectors } from './baselines/nearest.ts';
export { auc, averagePrecision } from './ranking/auc.ts';
export type { Labels } from './ranking/auc.ts';
export { accuracy, confusion, decide, f1, labelF1, mcc } from './ranking/classification.ts';
export type { Confusion, LabelF1 } from './ranking/classification.ts';
export { cosineSimilarities, precisionAt, ranks, recallAt } from './ranking/retrieval.ts';
export type { Vectors } from './vectors.ts';
export { bootstrap, bootstrapAll, bootstrapMean, pairedDifference } from './statistics/bootstrap.ts';
export type { BootstrapOptions, Interval } from './statistics/bootstrap.ts';
export { bleu } from './text/bleu.ts';
export { cider, ciderEach } from './text/cider.ts';
export { textIntervals } from './text/intervals.ts';
export type { TextIntervalOptions, TextIntervals } from './text/intervals.ts';
export { rougeL, rougeLEach } from './text/rouge.ts';
export { textScores } from './text/scores.ts';
export type { TextScores } from './text/scores.ts';
export { normalizeForComparison } from './text/tokens.ts';
