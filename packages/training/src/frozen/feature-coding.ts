// How features are written where they are kept: as they are, or as half-precision numbers.
import { HybridmedError } from '@hybridmed/tensor';
import { halfBits, halfValues, maxHalf } from '@hybridmed/tensor/half';

/** A way to write features. */
export interface FeatureCoding {
  /** Bytes of a number. */
  readonly bytes: number;
  /** The features as they come back once they were written. */
  round(features: Float32Array): Float32Array;
  /** Rounded features as bytes of their own. */
  encode(features: Float32Array): Uint8Array;
  /** Features of `size` numbers, which may lie in the bytes' memory; undefined for bytes that are no such features. */
  decode(bytes: Uint8Array, size: number): Float32Array | undefined;
}

const aligned = (bytes: Uint8Array): Uint8Array => (bytes.byteOffset % Float32Array.BYTES_PER_ELEMENT === 0 ? bytes : bytes.slice());

const single: FeatureCoding = {
  bytes: 4,
  round: (features) => features,
  encode: (features) => new Uint8Array(features.slice().buffer),
  decode(bytes, size) {
    if (bytes.byteLength !== 4 * size) return undefined;
    const { buffer, byteOffset } = aligned(bytes);
    return new Float32Array(buffer, byteOffset, size);
  },
};

function halves(features: Float32Array): Uint16Array {
  const words = new Uint16Array(features.length);
  features.forEach((value, i) => {
    if (!(Math.abs(value) <= maxHalf))
      throw new HybridmedError(`a frozen part gives ${value}, which half precision cannot hold; keep its features as they are (--cache-precision f32)`);
    words[i] = halfBits(value);
  });
  return words;
}

const fromHalves = (words: Uint16Array): Float32Array => {
  const values = halfValues();
  return Float32Array.from(words, (word) => values[word]!);
};

const half: FeatureCoding = {
  bytes: 2,
  round: (features) => fromHalves(halves(features)),
  encode: (features) => new Uint8Array(halves(features).buffer),
  decode(bytes, size) {
    if (bytes.byteLength !== 2 * size) return undefined;
    const { buffer, byteOffset } = aligned(bytes);
    return fromHalves(new Uint16Array(buffer, byteOffset, size));
  },
};

/** The ways by precision. */
export const featureCodings = { f32: single, f16: half } as const satisfies Readonly<Record<string, FeatureCoding>>;
