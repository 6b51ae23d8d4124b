// Kinds of heat map, and what a map is.

/** How a map can be made; the first is the one that points best. */
export const mapKinds = ['guided', 'removal', 'gradient', 'alignment', 'attention', 'cls'] as const;

/** Name of a kind of map. */
export type MapKind = (typeof mapKinds)[number];

/** A map over the patches (or pixels) that the encoder sees, row by row, side x side; not negative. */
export interface PatchMap {
  readonly side: number;
  readonly values: Float64Array;
}

/** A text's maps: of each word, and of them all together (their mean). */
export interface TextMaps {
  readonly text: string;
  readonly words: readonly { readonly word: string; readonly map: PatchMap }[];
  readonly whole: PatchMap;
}

/** Where a model looks on one film, by kind, of those that were asked for. */
export interface ImageMaps {
  /** `removal` at the pixels that `gradient` finds: their product. */
  readonly guided?: PatchMap;
  /** What the text loses against a normal film's impression when patches are taken out. */
  readonly removal?: PatchMap;
  /** How much each pixel would change what the film says for the text, against a normal film's impression. */
  readonly gradient?: PatchMap;
  /** Each word of the given text against the patches. */
  readonly alignment?: TextMaps;
  /** The image branch's cross-attention as it writes its impression. */
  readonly attention?: TextMaps;
  /** The class token's attention; absent for an encoder without one. */
  readonly cls?: PatchMap;
}
