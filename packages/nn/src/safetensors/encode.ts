// Writing safetensors: a header and the arrays, as chunks to be written one after another.
import type { HostArrays } from '@hybridmed/tensor';
import { sizeOf } from '@hybridmed/tensor';

const encoder = new TextEncoder();

/** Type and shape of an array to be written. */
export interface ArraySpec {
  readonly dtype: 'F32' | 'I32';
  readonly shape: readonly number[];
}

/**
 * The bytes before the arrays of a file, which follow in the order given, without gaps: for files that are written piece by piece.
 * Both types take four bytes an element.
 */
export function safetensorsHeader(specs: Readonly<Record<string, ArraySpec>>, metadata: Readonly<Record<string, string>> = {}): Uint8Array[] {
  const header: [string, unknown][] = Object.keys(metadata).length > 0 ? [['__metadata__', metadata]] : [];
  let offset = 0;
  for (const [name, { dtype, shape }] of Object.entries(specs)) {
    const end = offset + 4 * sizeOf(shape);
    header.push([name, { dtype, shape, data_offsets: [offset, end] }]);
    offset = end;
  }
  const json = encoder.encode(JSON.stringify(Object.fromEntries(header)));
  // Arrays begin at a multiple of 8 bytes; the header is filled up with spaces.
  const padded = new Uint8Array(Math.ceil(json.length / 8) * 8).fill(0x20);
  padded.set(json);
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(padded.length), true);
  return [length, padded];
}

/** The header and the arrays, in name order. Float arrays are stored as F32, integers as I32. */
export function encodeSafetensors(arrays: HostArrays, metadata: Readonly<Record<string, string>> = {}): Uint8Array[] {
  const specs: Record<string, ArraySpec> = {};
  const chunks = Object.keys(arrays)
    .toSorted()
    .map((name) => {
      const { data, shape } = arrays[name]!;
      const stored = data instanceof Float64Array ? Float32Array.from(data) : data;
      specs[name] = { dtype: stored instanceof Int32Array ? 'I32' : 'F32', shape };
      return new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength);
    });
  return [...safetensorsHeader(specs, metadata), ...chunks];
}
