// Options of where training keeps what frozen parts of encoders compute.
import type { CacheOptions } from '@hybridmed/runtime/run';
import type { Values } from '@hybridmed/training/options';
import { bytesOf, byteSize, choice, option, string } from '@hybridmed/training/options';

/** The rows. */
export const cacheOptions = {
  cache: option({
    value: string(),
    argument: 'dir',
    help: 'folder to keep what frozen parts of encoders make of images and texts in, shared by runs and processes of this machine; memory without it',
    defaultWords: 'memory',
  }),
  cacheSize: option({
    value: byteSize(),
    argument: 'bytes',
    help: 'most that is kept, such as 8GiB; 0 keeps nothing',
    defaultWords: 'in memory a quarter of the machine, up to 4 GiB; in a folder 16 GiB',
  }),
  cachePrecision: option({
    value: choice(['f32', 'f16']),
    argument: 'p',
    help: 'numbers of what is kept: f32, or f16, rounded, in half the space',
    default: 'f32',
  }),
};

/** The place that the options name. */
export const cacheOf = ({ cache, cacheSize, cachePrecision }: Values<typeof cacheOptions>): CacheOptions => ({
  folder: cache,
  maxBytes: cacheSize === undefined ? undefined : bytesOf(cacheSize),
  precision: cachePrecision,
});
