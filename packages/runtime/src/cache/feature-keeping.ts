// Where a run keeps what frozen parts of encoders make of images and texts: this process's memory, or a disk cache that others share.
import { totalmem } from 'node:os';
import type { FeatureKeeping } from '@hybridmed/training';
import { version } from '../version.ts';
import { openDiskStore } from './disk-store.ts';

/** How features are kept. */
export interface CacheOptions {
  /** The folder of the disk cache; without one they are kept in memory. */
  readonly folder?: string | undefined;
  /** Max bytes: in memory by default a quarter of the machine's, at most 4 GiB; on disk 16 GiB. */
  readonly maxBytes?: number | undefined;
  /** How their numbers are written: f32 by default. */
  readonly precision?: 'f32' | 'f16' | undefined;
}

/** Opens the place. `processes` of this run share a machine's memory. Throws one line for a folder that cannot be used. */
export async function openFeatureKeeping(
  { folder, maxBytes, precision }: CacheOptions,
  { processes, onMessage }: { readonly processes: number; onMessage?: ((text: string) => void) | undefined },
): Promise<FeatureKeeping> {
  if (folder === undefined) return { precision, memoryBytes: maxBytes ?? Math.floor(Math.min(2 ** 32, totalmem() / 4) / processes) };
  const disk = await openDiskStore({ folder, maxBytes: maxBytes ?? 2 ** 34, ...(onMessage ? { onMessage } : {}) });
  // Another version may compute other bits.
  const keyOf = (key: string): string => `features ${version()} ${key}`;
  return { precision, store: { ...disk, get: (key) => disk.get(keyOf(key)), put: (key, bytes) => disk.put(keyOf(key), bytes) } };
}
