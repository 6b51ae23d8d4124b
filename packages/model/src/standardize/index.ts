// The entry of standardization: which projections' features it is of, the model that is trained with it, and what it is measured by.
export { foldStandardization, standardizationState } from '@hybridmed/align';
export { alignedProjections, standardizedModel } from './projections.ts';
export type { ProjectionName } from './projections.ts';
export { momentsGraph } from './moments.ts';
