// The pipeline that shows where a model looks.
import type { GreyImage } from '@hybridmed/data/browser';
import type { CallOptions, ModelSession } from '@hybridmed/model/session';
import type { Explainer, ExplainerOptions } from '../explain/explainer.ts';
import { createExplainer } from '../explain/explainer.ts';
import type { ImageMaps, MapKind, PatchMap, TextMaps } from '../explain/maps.ts';
import type { ImageMap } from '../explain/projection.ts';
import { overImage } from '../explain/projection.ts';
import type { ImageReader, OneOrManyWith } from './contract.ts';
import { inBatches, oneOrManyWith, preparedImages } from './contract.ts';

/** How maps are made. */
export type ExplainOptions = CallOptions & ExplainerOptions;

/** A map over the pixels of the image that was given. */
export interface HeatMap {
  readonly kind: MapKind;
  /** The word it belongs to; absent for a map of the whole text or of the image. */
  readonly word?: string;
  readonly map: ImageMap;
}

/** Maps of one image, and the image that they lie over: `heatPicture` shows both. */
export interface Explanation {
  readonly text: string;
  readonly image: GreyImage;
  readonly maps: readonly HeatMap[];
}

const isOfText = (map: PatchMap | TextMaps): map is TextMaps => 'whole' in map;

/** Maps of one image, of a text the whole first. */
function heatMaps(maps: ImageMaps, kinds: readonly MapKind[], spread: (map: PatchMap) => ImageMap): HeatMap[] {
  return kinds.flatMap((kind) => {
    const map: PatchMap | TextMaps | undefined = maps[kind];
    if (!map) return [];
    if (!isOfText(map)) return [{ kind, map: spread(map) }];
    return [{ kind, map: spread(map.whole) }, ...map.words.map(({ word, map: own }) => ({ kind, word, map: spread(own) }))];
  });
}

/** Maps of images for a text; `release` frees the programs. */
export function explainImages<Image>(
  model: ModelSession,
  read: ImageReader<Image>,
): { call: OneOrManyWith<Image, string, ExplainOptions, Explanation>; release(): void } {
  const explainers = new Map<string, Explainer>();
  const explainerOf = (options: ExplainerOptions): Explainer => {
    const key = JSON.stringify(options);
    const explainer = explainers.get(key) ?? createExplainer(model, options);
    explainers.set(key, explainer);
    return explainer;
  };
  const { info } = model;
  const call = oneOrManyWith((images: readonly Image[], text: string, { signal, ...options }: ExplainOptions) => {
    const explainer = explainerOf(options);
    const one = async (image: Image): Promise<Explanation> => {
      const grey = await read.grey(image);
      const maps = await explainer.maps(await preparedImages(model, read, [image]), text);
      return { text, image: grey, maps: heatMaps(maps, explainer.kinds, (map) => overImage(map, grey, info.image, info.image.size)) };
    };
    return inBatches(images, { signal }, async ([image]) => [await one(image!)], 1);
  });
  return {
    call,
    release() {
      for (const explainer of explainers.values()) explainer.release();
    },
  };
}
