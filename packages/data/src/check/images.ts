// Images that are the same: byte for byte, or to the eye.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { readSquare } from '../image/grey.ts';
import { defaultRangeReader } from '../image/range-cache.ts';
import { rangeOf, readImageBytes } from '../image/image-bytes.ts';
import type { Split } from '../study.ts';
import { inLanes } from '../threads/lanes.ts';
import { hashDistance, hashedSide, hashWords, perceptualHash } from './perceptual-hash.ts';

/** Bits of 256 in which the hashes of look-alikes may differ. Of 27 million pairs of Open-I's images no two of different reports come so near. */
const alike = 32;

/** Its size in bytes; undefined for a file that cannot be read. */
const sizeOf = async (file: string): Promise<number | undefined> =>
  rangeOf(file)?.length ??
  stat(file).then(
    ({ size }) => size,
    () => undefined,
  );

async function contentHash(file: string): Promise<string> {
  const hash = createHash('sha256');
  if (rangeOf(file)) hash.update(await readImageBytes(file, defaultRangeReader));
  else await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

/** Files, or parts of shards, by what is in them, the same number for the same bytes; only files of equal size are read. Files that cannot be read are left out. */
export async function contentGroups(files: readonly string[]): Promise<Map<string, string>> {
  const bySize = new Map<number, string[]>();
  await inLanes(files, async (file) => {
    const size = await sizeOf(file);
    if (size !== undefined) bySize.set(size, [...(bySize.get(size) ?? []), file]);
  });
  const groups = new Map<string, string>();
  const same = [...bySize.values()].filter((group) => group.length > 1).flat();
  for (const [file] of [...bySize.values()].filter((group) => group.length === 1)) groups.set(file!, file!);
  await inLanes(same, async (file) => {
    const hash = await contentHash(file).catch(() => undefined);
    if (hash !== undefined) groups.set(file, hash);
  });
  return groups;
}

/** Images that look alike on two sides of a split, and files that cannot be read. */
export interface LookAlikes {
  readonly pairs: number;
  /** Some of the pairs. */
  readonly examples: readonly (readonly [string, string])[];
  readonly unreadable: readonly string[];
}

/** An image file in a split. */
export interface SplitFile {
  readonly file: string;
  readonly split: Split;
}

const maxExamples = 10;

/** Reads every image and finds pairs in different splits that look alike. `same` says which pairs are equal in another way already. */
export async function findLookAlikes(images: readonly SplitFile[], same: (a: string, b: string) => boolean): Promise<LookAlikes> {
  const hashes = new Int32Array(images.length * hashWords);
  const problems: (string | undefined)[] = Array.from({ length: images.length });
  await inLanes(images, async ({ file }, index) => {
    try {
      perceptualHash(await readSquare(file, hashedSide), hashes, index * hashWords);
    } catch (error) {
      problems[index] = (error as Error).message;
    }
  });
  const readable = [...images.keys()].filter((index) => problems[index] === undefined);
  const examples: [string, string][] = [];
  let pairs = 0;
  for (let i = 0; i < readable.length; i++) {
    const a = readable[i]!;
    for (let j = i + 1; j < readable.length; j++) {
      const b = readable[j]!;
      if (images[a]!.split === images[b]!.split || hashDistance(hashes, a, b, alike) > alike) continue;
      if (same(images[a]!.file, images[b]!.file)) continue;
      pairs++;
      if (examples.length < maxExamples) examples.push([images[a]!.file, images[b]!.file]);
    }
  }
  return { pairs, examples, unreadable: problems.flatMap((problem) => problem ?? []) };
}
