// How many studies say what of the labels that images can be trained by, and which labels are said too rarely to be trained.
import type { ImageLabel } from './image-labels.ts';
import { imageLabels, labelImage } from './image-labels.ts';

/** A report as data sets give it: several images may share one. */
export interface LabelledReport<S extends string = string> {
  readonly report: string;
  readonly split: S;
  readonly findings: string;
  readonly impression: string;
}

/** Studies by what their report says of a label: asserted, denied or not mentioned, doubted. */
export interface ImageLabelCount {
  readonly positive: number;
  readonly negative: number;
  readonly uncertain: number;
}

/** Counts of each label by split. */
export type ImageLabelCounts<S extends string = string> = Readonly<Record<ImageLabel, Readonly<Partial<Record<S, ImageLabelCount>>>>>;

/** Training studies that a label needs on either side. */
export const fewestStudies = 10;

/** Counts of every label by split over findings and impressions, each report once in a split; reports without any text are not counted. */
export function countImageLabels<S extends string>(reports: readonly LabelledReport<S>[]): ImageLabelCounts<S> {
  const counts = Object.fromEntries(imageLabels.map((label) => [label, {}])) as Record<
    ImageLabel,
    Partial<Record<S, { positive: number; negative: number; uncertain: number }>>
  >;
  const counted = new Set<string>();
  for (const { report, split, findings, impression } of reports) {
    const key = JSON.stringify([split, report]);
    if (counted.has(key) || `${findings}${impression}`.trim() === '') continue;
    counted.add(key);
    // A full stop between them: neither section may continue the other's last clause.
    const said = labelImage(`${findings}. ${impression}`);
    for (const label of imageLabels) {
      const certainty = said[label];
      const count = (counts[label][split] ??= { positive: 0, negative: 0, uncertain: 0 });
      count[certainty === 'present' ? 'positive' : certainty === 'uncertain' ? 'uncertain' : 'negative']++;
    }
  }
  return counts;
}

/** Labels with too few training studies on one side, each with a line that says so. Doubted studies are on neither side. */
export function rareLabels(counts: ImageLabelCounts): { readonly label: ImageLabel; readonly line: string }[] {
  return imageLabels.flatMap((label) => {
    const { positive = 0, negative = 0 } = counts[label]['train'] ?? {};
    if (Math.min(positive, negative) >= fewestStudies) return [];
    return [
      { label, line: `${label}: ${positive} positive and ${negative} negative training studies; a label needs ${fewestStudies} of either to be trained` },
    ];
  });
}
