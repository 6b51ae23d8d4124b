// 16-bit floats on the host, where JavaScript has no array of them: their bits to numbers and back.

const bits = new Uint32Array(1);
const float = new Float32Array(bits.buffer);

/** The bits of the f16 nearest to a number, ties to even; beyond its range, infinity. */
export function halfBits(value: number): number {
  float[0] = value;
  const sign = (bits[0]! >>> 16) & 0x8000;
  const magnitude = bits[0]! & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  // Below 2^-14 halves are multiples of 2^-24.
  if (magnitude < 0x38800000) {
    const scaled = Math.abs(float[0]!) * 2 ** 24;
    const floor = Math.floor(scaled);
    const rest = scaled - floor;
    return sign | (floor + (rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? 1 : 0));
  }
  const rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1);
  return sign | ((rounded - 0x38000000) >>> 13);
}

/** Numbers as f16 bits. */
export const toHalf = (values: ArrayLike<number>): Uint16Array<ArrayBuffer> => Uint16Array.from(values, halfBits);

/** The number that f16 bits stand for. */
export function halfValue(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const [exponent, fraction] = [(half >> 10) & 31, half & 1023];
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}

/** f16 bits as numbers. */
export const fromHalf = (halves: Uint16Array): Float32Array<ArrayBuffer> => Float32Array.from(halves, halfValue);
