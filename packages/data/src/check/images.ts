// Images that are the same: byte for byte, or to the eye.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { GreyImage } from '@hybridmed/inputs';
import { readGrey, readImage } from '../image/grey.ts';
import { defaultRangeReader } from '../image/range-cache.ts';
import { rangeOf, readImageBytes } from '../image/image-bytes.ts';
import { squareOf } from '@hybridmed/inputs';
import type { Split } from '../study.ts';
import { inLanes } from '../threads/lanes.ts';
import { hashDistance, hashedSide, hashWords, perceptualHash } from './perceptual-hash.ts';

/** Bits of 256 in which the hashes of look-alikes may differ. Of 27 million pairs of Open-I's images no two of different reports come so near. */
const alike = 32;

/** Its size in bytes; undefined for what cannot be read or is no file. */
const sizeOf = async (file: string): Promise<number | undefined> =>
  rangeOf(file)?.length ??
  stat(file).then(
    (entry) => (entry.isFile() ? entry.size : undefined),
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

/** Images that look alike on two sides of a split, and what was met as files were read. */
export interface LookAlikes {
  readonly pairs: number;
  /** Some of the pairs. */
  readonly examples: readonly (readonly [string, string])[];
  readonly unreadable: readonly string[];
  /** Images of one grey level, and what was assumed of headers, a line each. */
  readonly notes: readonly string[];
}

/** An image file in a split. */
export interface SplitFile {
  readonly file: string;
  readonly split: Split;
}

const maxExamples = 10;

const isFlat = ({ pixels }: GreyImage): boolean => pixels.every((level) => level === pixels[0]);

/** Some of the lines, in order, and how many more there are. */
function few(lines: readonly string[]): string[] {
  const more = lines.length - maxExamples;
  return [...lines.toSorted().slice(0, maxExamples), ...(more > 0 ? [`and ${more} more`] : [])];
}

/** Reads every image and finds pairs in different splits that look alike. `same` says which pairs are equal in another way already. */
export async function findLookAlikes(images: readonly SplitFile[], same: (a: string, b: string) => boolean): Promise<LookAlikes> {
  const hashes = new Int32Array(images.length * hashWords);
  const [flat, assumed] = [new Set<string>(), new Set<string>()];
  const problems: (string | undefined)[] = Array.from({ length: images.length });
  await inLanes(images, async ({ file }, index) => {
    try {
      const image = await readImage(file, hashedSide);
      perceptualHash(squareOf(image, hashedSide), hashes, index * hashWords);
      for (const line of image.assumed ?? []) assumed.add(`${file}: ${line}`);
      // Means may hide what differs.
      if (isFlat(image) && (image.sides === undefined || isFlat(await readGrey(file)))) flat.add(file);
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
  const notes = [
    ...(flat.size > 0 ? [`${flat.size} ${flat.size === 1 ? 'image is' : 'images are'} of one grey level: ${few([...flat]).join(', ')}`] : []),
    ...few([...assumed]),
  ];
  return { pairs, examples, unreadable: problems.flatMap((problem) => problem ?? []), notes };
}
