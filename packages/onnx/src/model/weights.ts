// Parameters inside a model, in the precision it was asked for: as f32, as f16, or as int8 with a scale per row.
import type { HostArray, Shape } from '@hybridmed/tensor';
import type { GraphBuilder } from './builder.ts';
import { toHalf } from './float16.ts';
import { elementTypes } from './proto.ts';
import type { Precision } from './target.ts';

/** Greatest magnitude of quantized weights: 7 bits, since older processors add products of two pairs in 16 bits, which 8 would overflow. */
const steps = 64;

/** Parameters by the ONNX name of their f32 value. */
export class Weights {
  readonly #b: GraphBuilder;
  readonly #arrays = new Map<string, { readonly name: string; readonly array: HostArray }>();
  readonly #activations = new Map<string, readonly [values: string, scale: string, zero: string]>();
  readonly precision: Precision;

  constructor(b: GraphBuilder, precision: Precision) {
    this.#b = b;
    this.precision = precision;
  }

  /** Adds a parameter and returns the name of its f32 value. Vectors and scalars stay f32 in every precision. */
  add(name: string, array: HostArray): string {
    const value =
      this.precision === 'f16' && array.shape.length >= 2 ? this.#cast(this.#half(name, array)) : this.#b.tensor(name, 'f32', array.shape, bytesOf(array));
    this.#arrays.set(value, { name, array });
    return value;
  }

  /** The same parameter under another fixed shape, where the value is one. */
  reshaped(value: string, shape: Shape): string | undefined {
    const known = this.#arrays.get(value);
    if (!known || !shape.every((dim) => typeof dim === 'number')) return undefined;
    return this.#b.once(`weight ${known.name} ${shape.join()}`, () =>
      this.add(`${known.name}:${shape.join('x')}`, { data: known.array.data, shape: shape as number[] }),
    );
  }

  /** The value as f16, where it is a parameter stored so. */
  half(value: string): string | undefined {
    const known = this.#arrays.get(value);
    return known && this.precision === 'f16' && known.array.shape.length >= 2 ? this.#half(known.name, known.array) : undefined;
  }

  /** The value as int8 and a scale per row (rows), where it is a parameter stored so: value = int8 x scale. */
  quantized(value: string): { readonly values: string; readonly scales: string } | undefined {
    const known = this.#arrays.get(value);
    if (!known || this.precision !== 'int8' || known.array.shape.length < 2) return undefined;
    const { name, array } = known;
    const values = this.#b.once(`int8 ${name}`, () => {
      const { bytes, scales } = quantizeRows(array);
      this.#b.tensor(`${name}.scale`, 'f32', [array.shape[0]!], new Uint8Array(scales.buffer));
      return this.#b.tensor(`${name}.int8`, 'i8', array.shape, bytes);
    });
    return { values, scales: `${name}.scale` };
  }

  /** A value that a run computes as whole numbers of 8 bits, their scale and their zero, worked out in each run. */
  activations(x: string): readonly [values: string, scale: string, zero: string] {
    const quantized = this.#activations.get(x) ?? (this.#b.nodes('DynamicQuantizeLinear', [x], {}, 3) as [string, string, string]);
    this.#activations.set(x, quantized);
    return quantized;
  }

  #half(name: string, array: HostArray): string {
    return this.#b.once(`half ${name}`, () => this.#b.tensor(name, 'f16', array.shape, new Uint8Array(toHalf(array.data, name).buffer)));
  }

  #cast(value: string): string {
    return this.#b.node('Cast', [value], { to: elementTypes.f32 });
  }
}

function bytesOf({ data }: HostArray): Uint8Array {
  const floats = data instanceof Float32Array ? data : Float32Array.from(data);
  return new Uint8Array(floats.buffer, floats.byteOffset, floats.byteLength);
}

/** Rows along the first axis as whole numbers of their greatest magnitude / 64. */
function quantizeRows({ data, shape }: HostArray): { bytes: Uint8Array; scales: Float32Array } {
  const rows = shape[0]!;
  const width = rows === 0 ? 0 : data.length / rows;
  const bytes = new Int8Array(data.length);
  const scales = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    let greatest = 0;
    for (let i = row * width; i < (row + 1) * width; i++) greatest = Math.max(greatest, Math.abs(data[i]!));
    const scale = greatest === 0 ? 1 : greatest / steps;
    scales[row] = scale;
    for (let i = row * width; i < (row + 1) * width; i++) bytes[i] = Math.round(data[i]! / scale);
  }
  return { bytes: new Uint8Array(bytes.buffer), scales };
}
