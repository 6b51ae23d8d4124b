// The public face of the hybrid alignment losses.
export { addStandardization, foldStandardization, standardizationState } from './standardization.ts';
export { alignment, maxLogScale } from './alignment.ts';
export type { Alignment, AlignmentConfig } from './alignment.ts';
export { globalContrast } from './global.ts';
export type { GlobalContrast } from './global.ts';
export { labelParameters, labelSupervision } from './label-supervision.ts';
export type { LabelSupervision } from './label-supervision.ts';
export { localContrast } from './local.ts';
export type { LocalContrast } from './local.ts';
export { pairwiseContrast, pairwiseParameters } from './pairwise.ts';
export type { PairwiseContrast } from './pairwise.ts';
