// Half-precision numbers (IEEE 754 binary16) as bits, and back.

/** Greatest finite half-precision number. */
export const maxHalf = 65504;

const bits = new DataView(new ArrayBuffer(4));

/** Bits of the half-precision number nearest to a number of at most `maxHalf` in size, ties to even. */
export function halfBits(value: number): number {
  bits.setFloat32(0, value);
  const word = bits.getUint32(0);
  const sign = (word >>> 16) & 0x8000;
  const magnitude = Math.abs(Math.fround(value));
  // Below the smallest normal number steps are 2^-24; Math.round rounds ties up, hence the explicit even rule.
  if (magnitude < 2 ** -14) return sign | roundEven(magnitude * 2 ** 24);
  const exponent = ((word >>> 23) & 0xff) - 127;
  const mantissa = roundEven((word & 0x7fffff) / 2 ** 13);
  return sign + ((exponent + 15) << 10) + mantissa;
}

function roundEven(value: number): number {
  const low = Math.floor(value);
  const rest = value - low;
  return rest > 0.5 || (rest === 0.5 && low % 2 === 1) ? low + 1 : low;
}

let values: Float32Array | undefined;

/** The value of every half-precision number, by its bits. */
export function halfValues(): Float32Array {
  values ??= Float32Array.from({ length: 2 ** 16 }, (_, word) => {
    const sign = word & 0x8000 ? -1 : 1;
    const exponent = (word >> 10) & 31;
    const fraction = word & 1023;
    if (exponent === 31) return fraction ? Number.NaN : sign * Infinity;
    return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
  });
  return values;
}
