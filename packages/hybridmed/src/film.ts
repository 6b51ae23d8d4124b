// The entry of reading one film with a checkpoint, in Node or in a browser: from fetched files and grey pixels to scores and heat maps. Impressions are the main entry's `createGenerator`.
export { parseCheckpoint } from './checkpoint/checkpoint.ts';
export type { Checkpoint, CheckpointBytes } from './checkpoint/checkpoint.ts';
export type { CheckpointConfig, InputConfig } from './checkpoint/config.ts';
export { createExplainer, normalText } from './explain/explainer.ts';
export type { Explainer, ExplainerOptions } from './explain/explainer.ts';
export { mapKinds } from './explain/maps.ts';
export type { FilmMaps, MapKind, PatchMap, TextMaps } from './explain/maps.ts';
export { heatLayer, heatPicture, unseenBrightness, usualOpacity } from './explain/picture.ts';
export { overFilm } from './explain/projection.ts';
export type { FilmMap } from './explain/projection.ts';
export { prepareFilm, prepareSquares, prepareTexts } from './inputs/prepare.ts';
export type { ImagePreparation } from './inputs/prepare.ts';
export { createFilmScorer } from './zero-shot/film-scores.ts';
export type { FilmScorer } from './zero-shot/film-scores.ts';
export { shippedPrompts } from './zero-shot/prompt-sets.ts';
export type { PromptSets } from './zero-shot/prompt-sets.ts';
