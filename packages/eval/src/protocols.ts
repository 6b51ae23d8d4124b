// Protocols of the downstream tasks, over features, scores and texts, whoever made them: zero-shot, retrieval, probing, visual questions.
export { classificationReport, meanAucOver } from './classification/report.ts';
export type { ClassificationReport, ClassMetrics, ClassScores } from './classification/report.ts';
export { bestThreshold } from './classification/threshold.ts';
export type { ThresholdRule } from './classification/threshold.ts';
export { contrastToNoise, pointingGame } from './localization.ts';
export { applyProbe, fitProbe } from './probe/logistic.ts';
export type { Probe, ProbeOptions } from './probe/logistic.ts';
export { nestedSubsets, readOnce } from './probe/subsets.ts';
export { exclusiveSets, nearestEntries, precisionReport, recallReport } from './ranking/galleries.ts';
export type { PrecisionReport, RecallReport } from './ranking/galleries.ts';
export { answerDifference, answerReport, commonestAnswer, commonestByType, unseenAnswers } from './vqa/accuracy.ts';
export type { AnswerAccuracy, AnswerReport, AskedQuestion } from './vqa/accuracy.ts';
export { answerVocabulary, checkAnswers, lenientMatch, normalizeAnswer, strictMatch } from './vqa/answers.ts';
export { promptDirection, promptScores } from './zero-shot.ts';
export type { PromptScore } from './zero-shot.ts';
