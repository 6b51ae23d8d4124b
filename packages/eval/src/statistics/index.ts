// The entry of comparisons over seeds and studies: resampled figures, and differences between variants of training.
export { percentileInterval, resample } from './bootstrap.ts';
export type { Resampled } from './bootstrap.ts';
export { seedDifference, seedMean } from './seeds.ts';
export type { SeedDifference } from './seeds.ts';
