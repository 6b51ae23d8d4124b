// Counter-based random numbers for orders, crops and augmentations: pure functions of seed, epoch and study.

/** MurmurHash3's 32-bit finalizer (Austin Appleby, public domain). */
function mix(h: number): number {
  let x = h >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

/** A number in [0, 1) from any number of whole keys. */
export function randomUnit(...keys: readonly number[]): number {
  let hash = 0x243f6a88;
  for (const key of keys) hash = mix(hash ^ mix(key + 0x9e3779b9));
  return hash / 2 ** 32;
}

/** A whole number in 0..bound-1 from any number of whole keys. */
export const randomBelow = (bound: number, ...keys: readonly number[]): number => Math.floor(randomUnit(...keys) * bound);

/** Puts values in a random order, in place [Fisher-Yates]. */
export function shuffle<T extends { [index: number]: number; readonly length: number }>(values: T, ...keys: readonly number[]): T {
  for (let i = values.length - 1; i > 0; i--) {
    const j = randomBelow(i + 1, ...keys, i, 1);
    [values[i], values[j]] = [values[j]!, values[i]!];
  }
  return values;
}
