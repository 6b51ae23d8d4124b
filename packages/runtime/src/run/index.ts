// The entry of runs: pre-training in a folder that can be resumed at any moment.
export type { CacheOptions } from '../cache/feature-keeping.ts';
export type { PretrainOptions } from './pretrain-options.ts';
export { keepLikelihoodRatio } from './keep-likelihood-ratio.ts';
export type { KeepLikelihoodRatioOptions } from './keep-likelihood-ratio.ts';
export { pretrain } from './pretrain.ts';
export type { PretrainResult } from './pretrain.ts';
export { pretrainWithRecovery } from './pretrain-with-recovery.ts';
export type { RecoveryOptions } from './pretrain-with-recovery.ts';
export { readMetrics } from './metrics-log.ts';
export { hashIds, readProvenance, runOf } from './provenance.ts';
export type { Provenance, RecordedChange, RecordedData, SplitSummary } from './provenance.ts';
export type { RecordedRatio } from './recorded-ratio.ts';
export { checkValues, fileSchema, runConfigSchema } from '../settings/check-values.ts';
export { checkSameRun, readRunConfig } from './run-folder.ts';
export { hashPublished } from './source-identity.ts';
export { runModules } from './run-modules.ts';
