// One phantom study whole: image, mask, texts, labels.
import { drawsOf } from './draw.ts';
import type { Finding, FindingName } from './findings.ts';
import { drawFindings, phantomFindings } from './findings.ts';
import type { PhantomImage } from './render.ts';
import { renderPhantom } from './render.ts';
import { writeFindings, writeImpression } from './wording.ts';

/** A procedural study: what its image shows is what its texts say. */
export interface PhantomStudy {
  readonly image: PhantomImage;
  readonly present: readonly Finding[];
  readonly findings: string;
  readonly impression: string;
  readonly labels: Readonly<Record<FindingName, 0 | 1>>;
}

/** Makes study `index` of a seed, an image of `size` x `size` pixels: the same bits wherever it runs. */
export function phantomStudy(seed: number, index: number, size: number): PhantomStudy {
  const present = drawFindings(drawsOf(seed, index, 1));
  const wording = drawsOf(seed, index, 3);
  return {
    image: renderPhantom(seed, index, present, size),
    present,
    findings: writeFindings(present, wording),
    impression: writeImpression(present, wording),
    labels: Object.fromEntries(phantomFindings.map((name) => [name, present.some((finding) => finding.name === name) ? 1 : 0])) as Record<FindingName, 0 | 1>,
  };
}
