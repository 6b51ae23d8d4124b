// Half-precision numbers: f32 to the bits of IEEE 754 binary16, rounded to nearest, ties to even.
import { HybridmedError } from '@hybridmed/tensor';

/** Greatest finite half-precision number. */
const greatest = 65504;
const bits = new DataView(new ArrayBuffer(4));

function halfOf(value: number): number {
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

/** Numbers as half precision. Throws a HybridmedError that names the parameter where one is too great or not finite. */
export function toHalf(values: ArrayLike<number>, name: string): Uint16Array {
  const halves = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!(Math.abs(value) <= greatest)) throw new HybridmedError(`"${name}" holds ${value}, which half precision cannot; export it in f32`);
    halves[i] = halfOf(value);
  }
  return halves;
}
