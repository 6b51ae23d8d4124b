// Names that fields of a model's sizes had in version 1 of a checkpoint's layout, and have in goldens: read under those of today.

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null && !Array.isArray(value);

/** An object with keys renamed, in its order; anything else as it is. */
const renamed = (value: unknown, names: Readonly<Record<string, string>>): unknown =>
  isObject(value) ? Object.fromEntries(Object.entries(value).map(([key, own]) => [Object.hasOwn(names, key) ? names[key]! : key, own])) : value;

/** Sizes of a vision encoder, a text encoder or a decoder with today's names. */
export const withCurrentNames = (sizes: unknown): unknown => renamed(sizes, { image: 'imageSize', vocab: 'vocabularySize' });

/** Sizes of a whole model with today's names. */
export const modelWithCurrentNames = (model: unknown): unknown =>
  isObject(model) ? { ...model, vision: withCurrentNames(model.vision), text: withCurrentNames(model.text), decoder: withCurrentNames(model.decoder) } : model;
