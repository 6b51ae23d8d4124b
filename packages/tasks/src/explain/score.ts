// How well maps point at what is there: over studies whose regions are known, each kind of map beside what chance gives.
import type { Split } from '@hybridmed/data';
import { openDataSet } from '@hybridmed/data';
import type { Interval } from '@hybridmed/eval';
import { bootstrapMean } from '@hybridmed/eval';
import { contrastToNoise, pointingGame } from '@hybridmed/eval/protocols';
import type { Device } from '@hybridmed/tensor';
import { HybridmedError } from '@hybridmed/tensor';
import type { ExplainerOptions } from './explainer.ts';
import { openExplainer } from './file-explainer.ts';
import type { ImageMaps, MapKind, PatchMap } from './maps.ts';
import { overImage } from './projection.ts';
import { hasRegion, regionOf } from './regions.ts';

/** What to score, on what; every kind of map that the encoder allows, where none is named. */
export interface ScoreMapsOptions extends ExplainerOptions {
  readonly checkpoint: string;
  readonly data: string;
  readonly split?: Split;
  /** Greatest number of studies; 0 for all. */
  readonly limit?: number;
  readonly device: Device;
  readonly onProgress?: (done: number, total: number) => void;
}

/** One kind of map. */
export interface MapScore {
  readonly kind: MapKind;
  /** Share of studies whose map is greatest inside the region. */
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
  /** Mean share of the film that the region covers: the pointing of a map that knows nothing. */
  readonly chance: number;
  readonly maps: readonly MapScore[];
}

/** The map of a whole text, or of the film, by kind. */
export function wholeMap(maps: ImageMaps, kind: MapKind): PatchMap | undefined {
  const map = maps[kind];
  return map && 'whole' in map ? map.whole : map;
}

// Spread over a film, it says what the encoder sees of it.
const anywhere: PatchMap = { side: 1, values: Float64Array.of(1) };

/** Scores maps. Throws one line for a data set without regions in the split, or a checkpoint that cannot make maps. */
export async function scoreMaps({
  checkpoint,
  data: spec,
  split = 'test',
  limit = 0,
  device,
  onProgress,
  kinds = 'all',
  ...options
}: ScoreMapsOptions): Promise<MapScores> {
  // Films with boxes need no report.
  const data = await openDataSet(spec, { need: 'images' });
  const known = data.studies.filter((study) => study.split === split && hasRegion(study));
  const chosen = limit > 0 ? known.slice(0, limit) : known;
  if (chosen.length === 0)
    throw new HybridmedError(`${spec}: no studies in the split "${split}" with a known region; give phantoms with one finding, or films with boxes (rsna:DIR)`);
  const explainer = await openExplainer(checkpoint, device, { ...options, kinds });
  const { model, config } = explainer.checkpoint;
  const rows = explainer.kinds.map((kind) => ({ kind, pointing: [] as number[], contrast: [] as number[], findings: [] as string[] }));
  let [studies, covered] = [0, 0];
  try {
    for (const [i, study] of chosen.entries()) {
      const region = await regionOf(study);
      onProgress?.(i + 1, chosen.length);
      if (!region) continue;
      const maps = await explainer.film(study.image, region.text);
      const over = (map: PatchMap) => overImage(map, region.film, config.input, model.vision.image.size).values;
      const seen = over(anywhere);
      const inside = seen.reduce((count, value, at) => count + (Number.isNaN(value) ? 0 : region.mask[at]!), 0);
      // A region wholly outside the crop cannot be pointed at.
      if (inside === 0) continue;
      studies++;
      covered += inside / seen.reduce((count, value) => count + (Number.isNaN(value) ? 0 : 1), 0);
      for (const row of rows) {
        const map = wholeMap(maps, row.kind);
        if (!map) continue;
        const values = over(map);
        row.pointing.push(pointingGame(values, region.mask));
        row.contrast.push(contrastToNoise(values, region.mask));
        row.findings.push(region.finding);
      }
    }
  } finally {
    explainer.close();
  }
  if (studies === 0) throw new HybridmedError(`${spec}: no region lies in what the model sees of its film; check the masks or boxes`);
  return {
    checkpoint: explainer.folder,
    data: spec,
    split,
    studies,
    chance: covered / studies,
    maps: rows
      .filter(({ pointing }) => pointing.length > 0)
      .map(({ kind, pointing, contrast, findings }) => ({
        kind,
        pointing: bootstrapMean(pointing),
        contrast: bootstrapMean(contrast),
        byFinding: Object.fromEntries(
          [...new Set(findings)].toSorted().map((name) => {
            const own = pointing.filter((_, i) => findings[i] === name);
            return [name, { pointing: own.reduce((a, b) => a + b, 0) / own.length, studies: own.length }];
          }),
        ),
      })),
  };
}
