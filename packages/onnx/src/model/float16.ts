// Numbers in half precision, for exported weights.
import { HybridmedError } from '@hybridmed/tensor';
import { halfBits, maxHalf } from '@hybridmed/tensor/half';

/** Numbers as half precision. Throws a HybridmedError that names the parameter where one is too great or not finite. */
export function toHalf(values: ArrayLike<number>, name: string): Uint16Array {
  const halves = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!(Math.abs(value) <= maxHalf)) throw new HybridmedError(`"${name}" holds ${value}, which half precision cannot; export it in f32`);
    halves[i] = halfBits(value);
  }
  return halves;
}
