// Counter-based random numbers for shuffles and crops: pure functions of seed, epoch and study.

/** MurmurHash3's 32-bit finalizer (Austin Appleby, public domain). */
function mix(h: number): number {
  let x = h >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

/** A whole number in 0..bound-1 from any number of whole keys. */
export function randomBelow(bound: number, ...keys: readonly number[]): number {
  const h = keys.reduce((hash, key) => mix(hash ^ mix(key + 0x9e3779b9)), 0x243f6a88);
  return Math.floor((h / 2 ** 32) * bound);
}

/** 0..n-1 in the order of an epoch [Fisher-Yates]. */
export function shuffledOrder(n: number, seed: number, epoch: number): Int32Array {
  const order = Int32Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = randomBelow(i + 1, seed, epoch, i, 1);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}
