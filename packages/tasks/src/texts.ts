// The Node entry about written impressions: choosing how they are written from images and, by consensus, from findings, and comparing them by published networks.
export { chooseConsensus, createConsensusWriter } from './consensus/consensus-writer.ts';
export type { ConsensusChoice, ConsensusImpression, ConsensusSettings } from './consensus/consensus-writer.ts';
export { consensusEvidence } from './consensus/evidence.ts';
export type { EvidenceOptions, EvidenceSource, TrainingTexts } from './consensus/evidence.ts';
export { fitRatio } from './ratio/fit-ratio.ts';
export type { FitRatioOptions, FitRatioResult, RatioFitOptions } from './ratio/fit-ratio.ts';
export { openBertLabeller } from './text-metrics/bert-labeller.ts';
export type { BertLabeller } from './text-metrics/bert-labeller.ts';
export { openBertScorer } from './text-metrics/bert-scorer.ts';
export type { BertScorer, BertScorerOptions } from './text-metrics/bert-scorer.ts';
