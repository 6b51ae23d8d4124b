// The Node entry about written impressions: choosing how they are written from images, and comparing them by published networks.
export { fitRatio } from './ratio/fit-ratio.ts';
export type { FitRatioOptions, FitRatioResult, RatioFitOptions } from './ratio/fit-ratio.ts';
export { openBertLabeller } from './text-metrics/bert-labeller.ts';
export type { BertLabeller } from './text-metrics/bert-labeller.ts';
export { openBertScorer } from './text-metrics/bert-scorer.ts';
export type { BertScorer, BertScorerOptions } from './text-metrics/bert-scorer.ts';
