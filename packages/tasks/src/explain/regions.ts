// The studies of a data set whose region is known, and the text to look for there: phantoms with one finding, images with boxes.
import type { Box, GreyImage, Study } from '@hybridmed/data';
import { readGrey } from '@hybridmed/data';
import type { FindingName } from '@hybridmed/phantoms';
import { phantomFindings, readPhantomMask } from '@hybridmed/phantoms';

/** An image, the text to look for on it, and the true region: 1 inside, of the image's size. */
export interface Region {
  readonly study: Study;
  readonly finding: string;
  readonly text: string;
  readonly image: GreyImage;
  readonly mask: Uint8Array;
}

/** What is looked for on images with boxes and no impression: the prompt published for RSNA's. */
const boxText = 'Findings suggesting pneumonia.';

/** A mask of the pixels inside any box. */
export function boxMask(boxes: readonly Box[], { width, height }: { width: number; height: number }): Uint8Array {
  const mask = new Uint8Array(width * height);
  const clamped = (value: number, max: number) => Math.min(Math.max(Math.round(value), 0), max);
  for (const { x, y, width: w, height: h } of boxes)
    for (let row = clamped(y, height); row < clamped(y + h, height); row++) mask.fill(1, row * width + clamped(x, width), row * width + clamped(x + w, width));
  return mask;
}

const findingsOf = ({ labels }: Study): FindingName[] => phantomFindings.filter((name) => labels?.[name] === 1);

/** Whether a study's one region is known. */
export const hasRegion = (study: Study): boolean => (study.boxes ? study.boxes.length > 0 : findingsOf(study).length === 1);

/** A study's region; undefined where none is known. Throws a DataError for an unreadable image or mask. */
export async function regionOf(study: Study): Promise<Region | undefined> {
  if (study.boxes) {
    if (study.boxes.length === 0) return undefined;
    const image = await readGrey(study.image);
    return { study, finding: 'boxes', text: study.impression || boxText, image, mask: boxMask(study.boxes, image) };
  }
  const [finding, ...others] = findingsOf(study);
  if (finding === undefined || others.length > 0) return undefined;
  const mask = await readPhantomMask(study.image, finding);
  return mask && { study, finding, text: study.impression, image: await readGrey(study.image), mask: mask.pixels };
}
