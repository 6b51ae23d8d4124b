// Maps from removal and gradient: which patches matter, and which pixels in and around them.
import type { PatchMap } from './maps.ts';
import { overImage } from './projection.ts';
import { smooth } from './smooth.ts';

// Radii of the smoothing per side: findings are larger than the coarse radius, edges than the fine one.
const coarse = 20;
const fine = 96;

const smoothed = ({ side, values }: PatchMap, radii: number): PatchMap => ({ side, values: smooth(values, side, Math.max(1, Math.round(side / radii))) });

/** A map of gradients smoothed over about a tenth of the image's side. */
export const smoothGradient = (gradient: PatchMap): PatchMap => smoothed(gradient, coarse);

/**
 * The product of a map over patches and the root of a finely smoothed map of gradients over pixels, as Guided Grad-CAM multiplies
 * [Selvaraju et al. 2017]: a map of pixels. Under the root the gradient sharpens the map of removal; where a model's gradients are noise,
 * it does not outweigh it.
 */
export function guidedMap(removal: PatchMap, gradient: PatchMap): PatchMap {
  const { side } = gradient;
  const spread = overImage(removal, { width: side, height: side }, { resize: side }, side).values;
  const detail = smoothed(gradient, fine).values;
  return { side, values: spread.map((value, i) => value * Math.sqrt(detail[i]!)) };
}
