// How well a map points at a region: the pointing game, and contrast to noise.
import { HybridmedError } from '@hybridmed/tensor';

function check(metric: string, map: ArrayLike<number>, mask: ArrayLike<number | boolean>): void {
  if (map.length !== mask.length)
    throw new HybridmedError(`${metric}: ${map.length} values of the map but ${mask.length} of the mask; give one for each pixel`);
  if (map.length === 0) throw new HybridmedError(`${metric}: no pixels; give at least one`);
}

/** Places that count: those where the map is a number. */
const places = (map: ArrayLike<number>): number[] => Array.from({ length: map.length }, (_, i) => i).filter((i) => !Number.isNaN(map[i]));

/**
 * The pointing game [Zhang et al. 2018]: whether the map's greatest value lies inside the mask, in [0, 1]. Where several places share
 * it, the fraction of them inside, so that a flat map scores what chance gives. Places where the map is NaN were not seen and do not
 * count. Undefined (NaN) for a mask that is empty among the places seen. Throws for a map and a mask of different sizes.
 */
export function pointingGame(map: ArrayLike<number>, mask: ArrayLike<number | boolean>): number {
  check('pointingGame', map, mask);
  const valid = places(map);
  if (!valid.some((i) => mask[i])) return Number.NaN;
  const greatest = valid.reduce((most, i) => Math.max(most, map[i]!), Number.NEGATIVE_INFINITY);
  const best = valid.filter((i) => map[i] === greatest);
  return best.filter((i) => mask[i]).length / best.length;
}

/**
 * Contrast to noise: the means inside and outside the mask, their difference over the root of the sum of their variances
 * [Boecking et al. 2022, without the absolute value, so that a map that avoids the mask is negative]. NaN places do not count. NaN
 * where either side is empty; 0 for a flat map. Throws for a map and a mask of different sizes.
 */
export function contrastToNoise(map: ArrayLike<number>, mask: ArrayLike<number | boolean>): number {
  check('contrastToNoise', map, mask);
  const valid = places(map);
  const moments = (some: readonly number[]) => {
    const mean = some.reduce((sum, i) => sum + map[i]!, 0) / some.length;
    return { mean, variance: some.reduce((sum, i) => sum + (map[i]! - mean) ** 2, 0) / some.length };
  };
  const [inside, outside] = [moments(valid.filter((i) => mask[i])), moments(valid.filter((i) => !mask[i]))];
  const difference = inside.mean - outside.mean;
  return difference === 0 ? 0 : difference / Math.sqrt(inside.variance + outside.variance);
}
