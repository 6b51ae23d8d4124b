// Images that are the same: byte for byte, or to the eye.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { GreyImage } from '@hybridmed/inputs';
import { readGrey, readImage } from '@hybridmed/images';
import { defaultRangeReader, rangeOf, readImageBytes } from '@hybridmed/images/bytes';
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

/** What is found in an image file, or in a part of a shard. Plain data. */
export interface ImageFinding {
  /** SHA-256 of its bytes, where another file has as many. */
  readonly content?: string;
  /** What it looks like: (8) i32. */
  readonly look?: Int32Array;
  /** Whether it is of one grey level. */
  readonly flat?: boolean;
  /** What was assumed of its header. */
  readonly assumed?: readonly string[];
  /** Why it cannot be read. */
  readonly problem?: string;
}

/** What is looked for: files that are equal, images that look alike or cannot be read. */
export interface ImagePlan {
  readonly equal: boolean;
  readonly alike: boolean;
}

const isFlat = ({ pixels }: GreyImage): boolean => pixels.every((level) => level === pixels[0]);

async function lookOf(file: string): Promise<ImageFinding> {
  try {
    const image = await readImage(file, hashedSide);
    const look = new Int32Array(hashWords);
    perceptualHash(squareOf(image, hashedSide), look, 0);
    // Means may hide what differs.
    const flat = isFlat(image) && (image.sides === undefined || isFlat(await readGrey(file)));
    return { look, flat, ...(image.assumed ? { assumed: image.assumed } : {}) };
  } catch (error) {
    return { problem: (error as Error).message };
  }
}

/** Looks at files of a list, from the first up to the one after the last; the others count only by their sizes. Only files of equal size are compared. */
export async function lookAtImages(
  files: readonly string[],
  { equal, alike: looks }: ImagePlan,
  [from, to]: readonly [number, number] = [0, files.length],
): Promise<ImageFinding[]> {
  const sizes: (number | undefined)[] = [];
  const counts = new Map<number | undefined, number>();
  if (equal) await inLanes(files, async (file, i) => void (sizes[i] = await sizeOf(file)));
  for (const size of sizes) counts.set(size, (counts.get(size) ?? 0) + 1);
  const findings: ImageFinding[] = [];
  await inLanes(files.slice(from, to), async (file, i) => {
    const size = sizes[from + i];
    const content = size !== undefined && counts.get(size)! > 1 ? await contentHash(file).catch(() => undefined) : undefined;
    findings[i] = { ...(content === undefined ? {} : { content }), ...(looks ? await lookOf(file) : {}) };
  });
  return findings;
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

/** Some of the lines, in order, and how many more there are. */
function few(lines: readonly string[]): string[] {
  const more = lines.length - maxExamples;
  return [...lines.toSorted().slice(0, maxExamples), ...(more > 0 ? [`and ${more} more`] : [])];
}

/** Finds pairs in different splits that look alike. `same` says which pairs are equal in another way already. */
export function findLookAlikes(images: readonly SplitFile[], findings: ReadonlyMap<string, ImageFinding>, same: (a: string, b: string) => boolean): LookAlikes {
  const readable = images.filter(({ file }) => findings.get(file)?.look);
  const hashes = new Int32Array(readable.length * hashWords);
  readable.forEach(({ file }, i) => hashes.set(findings.get(file)!.look!, i * hashWords));
  const examples: [string, string][] = [];
  let pairs = 0;
  for (const [a, one] of readable.entries()) {
    for (let b = a + 1; b < readable.length; b++) {
      const other = readable[b]!;
      if (one.split === other.split || hashDistance(hashes, a, b, alike) > alike || same(one.file, other.file)) continue;
      pairs++;
      if (examples.length < maxExamples) examples.push([one.file, other.file]);
    }
  }
  const all = [...findings];
  const flat = all.flatMap(([file, finding]) => (finding.flat ? [file] : []));
  const notes = [
    ...(flat.length > 0 ? [`${flat.length} ${flat.length === 1 ? 'image is' : 'images are'} of one grey level: ${few(flat).join(', ')}`] : []),
    ...few([...new Set(all.flatMap(([file, { assumed = [] }]) => assumed.map((line) => `${file}: ${line}`)))]),
  ];
  return { pairs, examples, unreadable: [...new Set(all.flatMap(([, { problem }]) => problem ?? []))], notes };
}
