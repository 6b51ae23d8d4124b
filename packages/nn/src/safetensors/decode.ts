// Elements of a safetensors file as f32 and i32 numbers, written where the caller wants them.
import type { HostArray } from '@hybridmed/tensor';
import { sizeOf } from '@hybridmed/tensor';
import { halfValues } from '@hybridmed/tensor/half';
import type { SafetensorsDtype, SafetensorsEntry } from './header.ts';
import { bytesOf, parseSafetensorsHeader, SafetensorsError } from './header.ts';

/** True where a tensor is read as i32. */
export const isInteger = (dtype: SafetensorsDtype): boolean => /^[IU]|^BOOL/.test(dtype);

/** An array for a tensor's values, still zero: f32 for floats, i32 for integers. */
export function emptyFor({ dtype, shape }: SafetensorsEntry): HostArray & { data: Float32Array | Int32Array } {
  const length = sizeOf(shape);
  return { data: isInteger(dtype) ? new Int32Array(length) : new Float32Array(length), shape };
}

/** True where the file's bytes are the array's own, so that they can be read straight into it. */
export const isPlain = (dtype: SafetensorsDtype, out: Float32Array | Int32Array): boolean => dtype === (out instanceof Int32Array ? 'I32' : 'F32');

/**
 * Writes elements into `out`, whose length says how many: floats of any width become f32 (F64 narrowed), integers and booleans whole
 * numbers. Throws a SafetensorsError for a number beyond 32 bits and for F8, which needs scales that the format does not hold.
 */
export function decodeInto(dtype: SafetensorsDtype, bytes: Uint8Array, out: Float32Array | Int32Array, name = 'tensor'): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const each = (read: (at: number) => number): void => {
    const size = bytesOf(dtype);
    for (let i = 0; i < out.length; i++) out[i] = read(i * size);
  };
  switch (dtype) {
    case 'F32':
    case 'I32':
      if (isPlain(dtype, out)) new Uint8Array(out.buffer, out.byteOffset, out.byteLength).set(bytes);
      else each((at) => (dtype === 'F32' ? view.getFloat32(at, true) : view.getInt32(at, true)));
      return;
    case 'F64':
      return each((at) => view.getFloat64(at, true));
    case 'F16': {
      const table = halfValues();
      return each((at) => table[view.getUint16(at, true)]!);
    }
    case 'BF16': {
      const word = new Uint32Array(1);
      const float = new Float32Array(word.buffer);
      return each((at) => {
        word[0] = view.getUint16(at, true) << 16;
        return float[0]!;
      });
    }
    case 'I64':
    case 'U64':
      return each((at) => narrow(dtype === 'I64' ? view.getBigInt64(at, true) : view.getBigUint64(at, true), name));
    case 'U32':
      return each((at) => narrow(BigInt(view.getUint32(at, true)), name));
    case 'I16':
      return each((at) => view.getInt16(at, true));
    case 'U16':
      return each((at) => view.getUint16(at, true));
    case 'I8':
      return each((at) => view.getInt8(at));
    case 'U8':
    case 'BOOL':
      return each((at) => view.getUint8(at));
    default:
      throw new SafetensorsError(`tensor "${name}" is of ${dtype}, which is not read; store it as F16, BF16 or F32`);
  }
}

function narrow(value: bigint, name: string): number {
  if (value !== BigInt.asIntN(32, value)) throw new SafetensorsError(`tensor "${name}" holds ${value}, which does not fit 32 bits`);
  return Number(value);
}

/** One tensor's bytes as a host array of its own. Throws as `decodeInto` does. */
export function decodeEntry(entry: SafetensorsEntry, bytes: Uint8Array, name = 'tensor'): HostArray {
  const array = emptyFor(entry);
  decodeInto(entry.dtype, bytes, array.data, name);
  return array;
}

/** Reads every tensor of a file held in memory. Throws a SafetensorsError. */
export function parseSafetensors(bytes: Uint8Array, file?: string): { arrays: Record<string, HostArray>; metadata: Readonly<Record<string, string>> } {
  const { entries, metadata, dataStart } = parseSafetensorsHeader(bytes, bytes.length, file);
  const arrays = Object.fromEntries(
    Object.entries(entries).map(([name, entry]) => [name, decodeEntry(entry, bytes.subarray(dataStart + entry.range[0], dataStart + entry.range[1]), name)]),
  );
  return { arrays, metadata };
}
