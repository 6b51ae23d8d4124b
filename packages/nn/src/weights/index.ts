// The entry for loading published checkpoints: what each parameter of an encoder is made of, and the reading of it.
export { configFields } from './config-fields.ts';
export type { ConfigFields } from './config-fields.ts';
export { loadWeights, weightTable } from './recipes.ts';
export type { Recipe, Recipes, WeightRow } from './recipes.ts';
export { WeightsError } from './source.ts';
export type { TensorShapes, TensorSource } from './source.ts';
