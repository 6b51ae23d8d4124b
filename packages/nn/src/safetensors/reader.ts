// Reading a safetensors file tensor by tensor, from wherever its bytes lie: each lands in its own memory, and no second copy is held.
import type { HostArray } from '@hybridmed/tensor';
import type { TensorSource } from '../weights/source.ts';
import { decodeInto, emptyFor, isPlain } from './decode.ts';
import type { SafetensorsHeader } from './header.ts';
import { bytesOf, headerLength, parseSafetensorsHeader } from './header.ts';
import { concurrently } from './concurrent-reads.ts';

/** A file's bytes, at whatever place. */
export interface ByteSource {
  /** What messages call it. */
  readonly label: string;
  /** Bytes in all. */
  readonly size: number;
  /** Fills `into` with the bytes from `position` on; they are inside the file. */
  read(position: number, into: Uint8Array): Promise<void>;
}

/** An open safetensors file. */
export interface SafetensorsFile extends TensorSource, Pick<SafetensorsHeader, 'entries' | 'metadata'> {
  /** One tensor: f32 for floats, i32 for integers. */
  read(name: string): Promise<HostArray>;
  /** The named tensors, a few reads at a time. */
  readAll(names: readonly string[]): Promise<Record<string, HostArray>>;
}

// Elements of another width are converted through a buffer of this size.
const chunkBytes = 2 ** 22;

const inMemory = (bytes: Uint8Array): ByteSource => ({
  label: 'safetensors data',
  size: bytes.length,
  read: async (position, into) => into.set(bytes.subarray(position, position + into.length)),
});

/** Opens a file: reads and checks its header. Throws a SafetensorsError, as reading a tensor of it may. */
export async function openSafetensors(source: ByteSource | Uint8Array): Promise<SafetensorsFile> {
  const bytes = source instanceof Uint8Array ? inMemory(source) : source;
  const { label, size } = bytes;
  const lengthBytes = new Uint8Array(Math.min(8, size));
  await bytes.read(0, lengthBytes);
  const head = new Uint8Array(8 + headerLength(lengthBytes, size, label));
  await bytes.read(0, head);
  const { entries, metadata, dataStart } = parseSafetensorsHeader(head, size, label);

  const readInto = async (name: string, out: Float32Array | Int32Array): Promise<void> => {
    const { dtype, range } = entries[name]!;
    const start = dataStart + range[0];
    if (isPlain(dtype, out)) return bytes.read(start, new Uint8Array(out.buffer, out.byteOffset, out.byteLength));
    const width = bytesOf(dtype);
    const step = chunkBytes / width;
    const buffer = new Uint8Array(Math.min(chunkBytes, out.length * width));
    for (let at = 0; at < out.length; at += step) {
      const part = out.subarray(at, at + step);
      const piece = buffer.subarray(0, part.length * width);
      await bytes.read(start + at * width, piece);
      decodeInto(dtype, piece, part, name);
    }
  };
  const read = async (name: string): Promise<HostArray> => {
    const array = emptyFor(entries[name]!);
    await readInto(name, array.data);
    return array;
  };
  return {
    label,
    entries,
    metadata,
    shapes: Object.fromEntries(Object.entries(entries).map(([name, { shape }]) => [name, shape])),
    readInto,
    read,
    readAll: async (names) => Object.fromEntries(await concurrently(names, async (name) => [name, await read(name)] as const)),
  };
}
