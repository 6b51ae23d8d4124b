// Writing safetensors: a header and the arrays, as chunks to be written one after another.
import type { HostArrays } from '@hybridmed/tensor';

const encoder = new TextEncoder();

/** The header and the arrays, in name order. Float arrays are stored as F32, integers as I32. */
export function encodeSafetensors(arrays: HostArrays, metadata: Readonly<Record<string, string>> = {}): Uint8Array[] {
  const header: [string, unknown][] = Object.keys(metadata).length > 0 ? [['__metadata__', metadata]] : [];
  const chunks: Uint8Array[] = [];
  let offset = 0;
  for (const name of Object.keys(arrays).toSorted()) {
    const { data, shape } = arrays[name]!;
    const stored = data instanceof Float64Array ? Float32Array.from(data) : data;
    chunks.push(new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength));
    header.push([name, { dtype: stored instanceof Int32Array ? 'I32' : 'F32', shape, data_offsets: [offset, offset + stored.byteLength] }]);
    offset += stored.byteLength;
  }
  const json = encoder.encode(JSON.stringify(Object.fromEntries(header)));
  // Arrays begin at a multiple of 8 bytes; the header is filled up with spaces.
  const padded = new Uint8Array(Math.ceil(json.length / 8) * 8).fill(0x20);
  padded.set(json);
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(padded.length), true);
  return [length, padded, ...chunks];
}
