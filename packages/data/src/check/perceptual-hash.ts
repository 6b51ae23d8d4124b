// A hash of what a radiograph looks like: the signs of its low frequencies about their median [pHash, Zauner 2010, with 256 bits in place of 64:
// chest radiographs all look alike, and 64 bits cannot tell them apart].

/** Side of the square that is hashed. */
export const hashedSide = 32;

const bits = 16;
/** 32-bit words of a hash. */
export const hashWords = (bits * bits) / 32;

const cosines = Array.from({ length: bits }, (_, u) =>
  Float64Array.from({ length: hashedSide }, (__, x) => Math.cos((Math.PI * (2 * x + 1) * u) / (2 * hashedSide))),
);

/** Low frequencies along rows of 32 values: (rows, 32) -> (16, rows). Twice it is a cosine transform in both directions. */
function lowFrequencies(values: ArrayLike<number>, rows: number): Float64Array {
  const out = new Float64Array(bits * rows);
  for (let u = 0; u < bits; u++) {
    for (let row = 0; row < rows; row++) {
      let sum = 0;
      for (let x = 0; x < hashedSide; x++) sum += values[row * hashedSide + x]! * cosines[u]![x]!;
      out[u * rows + row] = sum;
    }
  }
  return out;
}

/** The hash of a square of 32 x 32 grey pixels: (8) i32, written into `out` at `start`. */
export function perceptualHash(square: Uint8Array, out: Int32Array, start: number): void {
  const low = lowFrequencies(lowFrequencies(square, hashedSide), bits);
  // The mean brightness, which the first one is, says nothing about the picture.
  const median = low.slice(1).toSorted()[(bits * bits - 1) >> 1]!;
  out.fill(0, start, start + hashWords);
  for (let i = 1; i < low.length; i++) if (low[i]! > median) out[start + (i >> 5)]! |= 1 << (i & 31);
}

/** Number of bits set in 32. */
function ones(word: number): number {
  let x = word - ((word >>> 1) & 0x55555555);
  x = (x & 0x33333333) + ((x >>> 2) & 0x33333333);
  return Math.imul((x + (x >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** Bits in which two hashes differ, or anything over `limit` where they differ in more. */
export function hashDistance(hashes: Int32Array, a: number, b: number, limit: number): number {
  let distance = 0;
  for (let word = 0; word < hashWords && distance <= limit; word++) distance += ones(hashes[a * hashWords + word]! ^ hashes[b * hashWords + word]!);
  return distance;
}
