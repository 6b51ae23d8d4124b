// Leaves out studies whose image cannot be read, before training or evaluation meets them.
import { stat } from 'node:fs/promises';
import type { Study } from '@hybridmed/data';
import { DataError, rangeOf, readSquare } from '@hybridmed/data';
import { describeFileError } from '@hybridmed/data/atomic';

// Images looked at at once.
const lanes = 4;

/** Studies with readable images, and what was left out. */
export interface ReadableStudies {
  readonly studies: readonly Study[];
  /** One line per image that cannot be read. */
  readonly unreadable: readonly string[];
}

/** Up to this many images are decoded whole; of larger sets only that the files are there is looked at. */
const decodeUpTo = 20_000;

/** Every size is decoded from the same bytes: what the smallest is made of, every other one is. */
const isImage = (file: string): Promise<unknown> => readSquare(file, 1);

async function hasContent(file: string): Promise<void> {
  const { size } = await stat(rangeOf(file)?.source ?? file).catch((error: unknown) => Promise.reject(describeFileError(file, error)));
  if (size === 0) throw new DataError(`${file}: is empty; restore the file or leave the study out`);
}

/** Which images are looked at. */
export interface LookOptions {
  /** Whether images in shards on disk are read too (by default): in training they are verified as they are read. */
  readonly shards?: boolean;
  /** Ids of studies that are kept whatever their images are. */
  readonly keep?: ReadonlySet<string>;
}

/** Reads every image once. Order is kept. Images in shards elsewhere are not read. */
export async function readableStudies(studies: readonly Study[], { shards = true, keep = new Set() }: LookOptions = {}): Promise<ReadableStudies> {
  const isLookedAt = ({ id, image }: Study): boolean => {
    const range = rangeOf(image);
    return !keep.has(id) && (range === undefined || (shards && !/^https?:/i.test(range.source)));
  };
  const look: (file: string) => Promise<unknown> = studies.length <= decodeUpTo ? isImage : hasContent;
  const problems = new Map<string, string>();
  const files = [...new Set(studies.filter(isLookedAt).map(({ image }) => image))];
  let next = 0;
  const lane = async () => {
    while (next < files.length) {
      const file = files[next++]!;
      await look(file).catch((error: unknown) => problems.set(file, (error as Error).message));
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return { studies: studies.filter(({ id, image }) => keep.has(id) || !problems.has(image)), unreadable: files.flatMap((file) => problems.get(file) ?? []) };
}
