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

/** A text's maps: of each word, and their mean. */
export interface TextMaps {
  readonly text: string;
  readonly words: readonly { readonly word: string; readonly map: PatchMap }[];
  readonly whole: PatchMap;
}

/** Where a model looks on one image, by the kinds of an explainer. */
export interface ImageMaps {
  /** `removal` at the pixels that `gradient` finds: their product. */
  readonly guided?: PatchMap;
  /** What the text loses against a normal image's impression when patches are left out. */
  readonly removal?: PatchMap;
  /** How much each pixel would change the text's log-odds against a normal image's impression. */
  readonly gradient?: PatchMap;
  /** Each word of the text against the patches. */
  readonly alignment?: TextMaps;
  /** The image branch's cross-attention as it writes its impression. */
  readonly attention?: TextMaps;
  /** The class token's attention; absent for an encoder without one. */
  readonly cls?: PatchMap;
}
