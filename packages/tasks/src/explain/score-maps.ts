// How well maps point at findings: over studies whose regions are known, each kind of map beside what chance gives.
import type { Split, Study } from '@hybridmed/data';
import { openDataSet } from '@hybridmed/data';
import type { Interval } from '@hybridmed/eval';
import { bootstrapMean } from '@hybridmed/eval';
import { contrastToNoise, pointingGame } from '@hybridmed/eval/protocols';
import type { ModelSession } from '@hybridmed/model/session';
import { readImages } from '@hybridmed/runtime';
import { HybridmedError } from '@hybridmed/tensor';
import type { ExplainerOptions } from './explainer.ts';
import { createExplainer } from './explainer.ts';
import type { ImageMaps, MapKind, PatchMap } from './maps.ts';
import { overImage } from './projection.ts';
import type { Region } from './regions.ts';
import { hasRegion, regionOf } from './regions.ts';

/** What to score, on what; every kind of map that the model allows, where none is named. */
export interface ScoreMapsOptions extends ExplainerOptions {
  readonly model: ModelSession;
  readonly data: string;
  readonly split?: Split;
  /** Max number of studies; 0 for all. */
  readonly limit?: number;
  readonly onProgress?: (done: number, total: number) => void;
  /** Called with what is to be known of the data set. */
  readonly onMessage?: (line: string) => void;
}

/** One kind of map. */
export interface MapScore {
  readonly kind: MapKind;
  /** Fraction of studies whose map has its max inside the region. */
  readonly pointing: Interval;
  /** Contrast to noise, mean over studies. */
  readonly contrast: Interval;
  /** By finding: pointing, and studies. */
  readonly byFinding: Readonly<Record<string, { readonly pointing: number; readonly studies: number }>>;
}

/** Scores of kinds of map on the same studies. */
export interface MapScores {
  readonly checkpoint: string;
  readonly data: string;
  readonly split: Split;
  readonly studies: number;
  /** Mean fraction of what the model sees of an image that the region covers: the pointing of a map that knows nothing. */
  readonly chance: number;
  readonly maps: readonly MapScore[];
}

/** The map of a whole text, or of the image, by kind. */
export function wholeMap(maps: ImageMaps, kind: MapKind): PatchMap | undefined {
  const map = maps[kind];
  return map && 'whole' in map ? map.whole : map;
}

// Spread over an image, it says what the encoder sees of it.
const anywhere: PatchMap = { side: 1, values: Float64Array.of(1) };

/** The fraction of what the encoder sees of an image that its region covers: 0 for a region wholly outside the crop. */
function coveredFraction(visible: Float64Array, mask: Uint8Array): number {
  let [pixels, inside] = [0, 0];
  visible.forEach((value, at) => {
    if (Number.isNaN(value)) return;
    pixels++;
    inside += mask[at]!;
  });
  return inside / pixels;
}

/** Scores of one kind of map, study by study. */
class KindScores {
  readonly kind: MapKind;
  readonly #pointing: number[] = [];
  readonly #contrast: number[] = [];
  readonly #findings: string[] = [];

  constructor(kind: MapKind) {
    this.kind = kind;
  }

  /** Adds a study's map, as values over its image. */
  add(values: Float64Array, { mask, finding }: Region): void {
    this.#pointing.push(pointingGame(values, mask));
    this.#contrast.push(contrastToNoise(values, mask));
    this.#findings.push(finding);
  }

  /** Means and intervals; undefined where no study has such a map. */
  score(): MapScore | undefined {
    if (this.#pointing.length === 0) return undefined;
    const byFinding = [...new Set(this.#findings)].toSorted().map((name) => {
      const ofFinding = this.#pointing.filter((_, i) => this.#findings[i] === name);
      return [name, { pointing: ofFinding.reduce((a, b) => a + b, 0) / ofFinding.length, studies: ofFinding.length }];
    });
    return {
      kind: this.kind,
      pointing: bootstrapMean(this.#pointing),
      contrast: bootstrapMean(this.#contrast),
      byFinding: Object.fromEntries(byFinding) as MapScore['byFinding'],
    };
  }
}

/** Studies of a split whose region is known. Throws one line where there are none. */
async function studiesWithRegion(spec: string, split: Split, limit: number, onMessage?: (line: string) => void): Promise<readonly Study[]> {
  // Images with boxes need no report.
  const data = await openDataSet(spec, { need: 'images', onWarning: (line) => onMessage?.(`warning: ${line}`) });
  const studies = data.studies.filter((study) => study.split === split && hasRegion(study));
  if (studies.length === 0)
    throw new HybridmedError(
      `${spec}: no studies in the split "${split}" with a known region; give phantoms with one finding, or images with boxes (rsna:DIR)`,
    );
  return limit > 0 ? studies.slice(0, limit) : studies;
}

/** Scores maps. Throws one line for a data set without regions in the split, or a model that cannot make maps. */
export async function scoreMaps(options: ScoreMapsOptions): Promise<MapScores> {
  const { model, data: spec, split = 'test', limit = 0, onProgress, onMessage, kinds = 'all', ...explainerOptions } = options;
  const studies = await studiesWithRegion(spec, split, limit, onMessage);
  const explainer = createExplainer(model, { ...explainerOptions, kinds });
  const scores = explainer.kinds.map((kind) => new KindScores(kind));
  const covered: number[] = [];
  try {
    for (const [i, study] of studies.entries()) {
      const region = await regionOf(study);
      onProgress?.(i + 1, studies.length);
      if (!region) continue;
      const maps = await explainer.maps(await readImages(model, [study.image]), region.text);
      const over = (map: PatchMap) => overImage(map, region.image, model.info.image, model.info.image.size).values;
      const fraction = coveredFraction(over(anywhere), region.mask);
      // A region wholly outside the crop cannot be pointed at.
      if (!(fraction > 0)) continue;
      covered.push(fraction);
      for (const kindScores of scores) {
        const map = wholeMap(maps, kindScores.kind);
        if (map) kindScores.add(over(map), region);
      }
    }
  } finally {
    explainer.release();
  }
  if (covered.length === 0) throw new HybridmedError(`${spec}: no region lies in what the model sees of its image; check the masks or boxes`);
  return {
    checkpoint: model.info.source,
    data: spec,
    split,
    studies: covered.length,
    chance: covered.reduce((a, b) => a + b, 0) / covered.length,
    maps: scores.map((kindScores) => kindScores.score()).filter((score) => score !== undefined),
  };
}
