// What generated texts and their likelihoods are compared by: BERTScore, the consensus baseline, the likelihood of normal sentences, the
// gap to wrong images, and writing by likelihood ratio.
export { consensusTexts } from './baselines/consensus.ts';
export type { ConsensusOptions } from './baselines/consensus.ts';
export { consensusScores } from './baselines/consensus-writing.ts';
export type { ConsensusEvidence, ConsensusScore, ConsensusWriting } from './baselines/consensus-writing.ts';
export { fitConsensusWriting } from './baselines/consensus-fit.ts';
export type { ConsensusFigures, ValidationEvidence } from './baselines/consensus-fit.ts';
export { nearestByPhrases } from './baselines/nearest.ts';
export type { Neighbour } from './baselines/nearest.ts';
export { commonestTexts } from './baselines/frequent.ts';
export { nearestFindings } from './baselines/nearest.ts';
export { mismatchedOrders, mismatchGap } from './likelihood/mismatch.ts';
export type { MismatchGap, MismatchOptions } from './likelihood/mismatch.ts';
export { likelihoodAuc, sentenceScores } from './likelihood/normal-sentences.ts';
export type { LikelihoodAuc } from './likelihood/normal-sentences.ts';
export { chooseByRatio, namingScores } from './likelihood/ratio-writing.ts';
export type { Candidate, RatioChoice, RatioScore, RatioWriting } from './likelihood/ratio-writing.ts';
export { fitRatioWriting } from './likelihood/ratio-fit.ts';
export type { RatioFigures, RatioWritingOptions, ValidationLikelihoods } from './likelihood/ratio-fit.ts';
export { bertScore, bertScoreMeans, inverseFrequencies } from './text/bert-score.ts';
export type { BertScore, BertScoreOptions, EmbeddedText } from './text/bert-score.ts';
