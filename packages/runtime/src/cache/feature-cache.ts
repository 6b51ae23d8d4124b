// Features on disk, under the hash of everything they depend on: a changed checkpoint or image never reads an old file.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { HostArrays } from '@hybridmed/tensor';
import { readSafetensors, writeSafetensors } from '../checkpoint/safetensors-file.ts';

/** What features depend on. */
export interface FeatureKey {
  /** Hash of the checkpoint (`hashCheckpoint`). */
  readonly checkpoint: string;
  /** Hash of the images' contents, in order (`hashFiles`). */
  readonly images: string;
  /** Kind of device: the last bits differ between kinds. */
  readonly device: string;
}

/** A folder of features. */
export interface FeatureCache {
  /** The arrays saved under a key, or undefined; a file that is damaged or of other images counts as absent. */
  read(key: FeatureKey, rows: number): Promise<HostArrays | undefined>;
  write(key: FeatureKey, arrays: HostArrays): Promise<void>;
}

/** The user's cache folder for features: $XDG_CACHE_HOME/hybridmed/features, else ~/.cache/hybridmed/features. */
export const defaultCacheFolder = (): string => join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'hybridmed', 'features');

// Raised when the meaning of features changes.
const version = '1';

/** Opens a cache in a folder, which appears with the first features. */
export function featureCache(folder: string = defaultCacheFolder()): FeatureCache {
  const pathOf = (key: FeatureKey) =>
    join(folder, `${createHash('sha256').update([version, key.checkpoint, key.images, key.device].join('\n')).digest('hex')}.safetensors`);
  return {
    async read(key, rows) {
      const path = pathOf(key);
      if (!existsSync(path)) return undefined;
      const file = await readSafetensors(path).catch(() => undefined);
      const sameKey = file && file.metadata['checkpoint'] === key.checkpoint && file.metadata['images'] === key.images;
      return sameKey && Object.values(file.arrays).every(({ shape }) => shape[0] === rows) ? file.arrays : undefined;
    },
    write: (key, arrays) => writeSafetensors(pathOf(key), arrays, { version, ...key }),
  };
}
