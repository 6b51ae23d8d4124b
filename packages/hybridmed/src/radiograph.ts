// The entry of reading one film with a checkpoint, in Node or in a browser: from fetched files and grey pixels to scores and heat maps. Impressions are the main entry's `createGenerator`.
export { parseCheckpoint } from '@hybridmed/model';
export type { Checkpoint, CheckpointBytes } from '@hybridmed/model';
export type { CheckpointConfig, InputConfig } from '@hybridmed/model';
export { createExplainer, normalText } from '@hybridmed/tasks';
export type { Explainer, ExplainerOptions } from '@hybridmed/tasks';
export { mapKinds } from '@hybridmed/tasks';
export type { ImageMaps, MapKind, PatchMap, TextMaps } from '@hybridmed/tasks';
export { heatLayer, heatPicture, unseenBrightness, usualOpacity } from '@hybridmed/tasks';
export { overImage } from '@hybridmed/tasks';
export type { ImageMap } from '@hybridmed/tasks';
export { prepareRadiograph, prepareSquares, prepareTexts } from '@hybridmed/data/browser';
export type { ImagePreparation } from '@hybridmed/data/browser';
export { createImageScorer } from '@hybridmed/tasks';
export type { ImageScorer } from '@hybridmed/tasks';
export { shippedPrompts } from '@hybridmed/tasks';
export type { PromptSets } from '@hybridmed/tasks';
