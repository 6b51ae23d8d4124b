// Safetensors on disk: tensors are read one by one, so that no second copy of the file is held.
import { open } from 'node:fs/promises';
import type { SafetensorsHeader } from '@hybridmed/nn';
import { decodeEntry, encodeSafetensors, parseSafetensorsHeader } from '@hybridmed/nn';
import type { HostArray, HostArrays } from '@hybridmed/tensor';
import { describeError, fileError, writeFileAtomic } from './files.ts';

/** Reads a file's tensors (those `wanted` accepts; all by default) and its metadata. Throws one line naming the file for a damaged one. */
export async function readSafetensors(
  path: string,
  wanted: (name: string) => boolean = () => true,
): Promise<{ arrays: Record<string, HostArray>; metadata: SafetensorsHeader['metadata'] }> {
  const file = await open(path, 'r').catch((error: unknown) => Promise.reject(describeError(path, error)));
  try {
    const { size } = await file.stat();
    const read = async (position: number, length: number): Promise<Uint8Array> => {
      const bytes = new Uint8Array(length);
      let done = 0;
      while (done < length) {
        const { bytesRead } = await file.read(bytes, done, length - done, position + done);
        if (bytesRead === 0) throw fileError(path, 'ends too early', 'it is truncated; copy it again');
        done += bytesRead;
      }
      return bytes;
    };
    const lengthBytes = await read(0, Math.min(8, size));
    const length = size >= 8 ? Number(new DataView(lengthBytes.buffer).getBigUint64(0, true)) : 0;
    const head = length + 8 <= size && length < 1e8 ? await read(0, length + 8) : lengthBytes;
    const { entries, metadata, dataStart } = parseSafetensorsHeader(head, size, path);
    const arrays: Record<string, HostArray> = {};
    for (const [name, entry] of Object.entries(entries)) {
      if (wanted(name)) arrays[name] = decodeEntry(entry, await read(dataStart + entry.range[0], entry.range[1] - entry.range[0]), name);
    }
    return { arrays, metadata };
  } finally {
    await file.close();
  }
}

/** Writes arrays as a safetensors file, through a temporary name. */
export async function writeSafetensors(path: string, arrays: HostArrays, metadata?: Readonly<Record<string, string>>): Promise<void> {
  await writeFileAtomic(path, encodeSafetensors(arrays, metadata));
}
