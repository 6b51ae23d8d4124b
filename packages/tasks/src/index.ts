// The main entry: explanations and scores of one radiograph, which run in a browser. Tasks over data sets are `@hybridmed/tasks/node`.
export { textSystems } from './evaluate/systems.ts';
export type { TextSystem } from './evaluate/systems.ts';
export { createExplainer, normalText } from './explain/explainer.ts';
export type { Explainer, ExplainerOptions } from './explain/explainer.ts';
export { possibleKinds } from './explain/kinds.ts';
export { mapKinds } from './explain/maps.ts';
export type { ImageMaps, MapKind, PatchMap, TextMaps } from './explain/maps.ts';
export { heatLayer, heatPicture, unseenBrightness, usualOpacity } from './explain/heat-picture.ts';
export { overImage } from './explain/projection.ts';
export type { ImageMap } from './explain/projection.ts';
export { createRatioWriter } from './ratio/ratio-writer.ts';
export type { RatioImpression, RatioWriter, ScoredImpression } from './ratio/ratio-writer.ts';
export { createImageScorer } from './zero-shot/image-scorer.ts';
export type { ImageScorer } from './zero-shot/image-scorer.ts';
export { shippedPrompts } from './zero-shot/prompt-sets.ts';
export type { PromptSets } from './zero-shot/prompt-sets.ts';
