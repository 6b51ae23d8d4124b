// What the studies of a run are known by, wherever they lie: ids in order, texts, and of each image its size and how it begins.
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Split, Study } from '@hybridmed/data';
import { rangeOf } from '@hybridmed/data';

/** What the studies of one split are known by: SHA-256 hashes, in the order of the studies. */
export interface SplitIdentity {
  readonly studies: number;
  readonly order: string;
  readonly texts: string;
  readonly images: string;
}

/** All splits. */
export type DataIdentity = Readonly<Record<Split, SplitIdentity>>;

// So much of each image is read, by so many at once.
const [headBytes, readers] = [4096, 16];

/** An image's size and the hash of its first bytes, whether it is a file or a part of one (`FILE#bytes=FIRST-LAST`); of a part of a URL its place. */
async function imageIdentity(image: string): Promise<string> {
  const { source = image, start = 0, length } = rangeOf(image) ?? {};
  if (/^https?:/i.test(source)) return `${start} ${length}`;
  // What is no file, as a pipe that nobody writes to, is not waited for.
  const file = await open(source, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)).catch(() => undefined);
  if (!file) return 'absent';
  try {
    const entry = await file.stat();
    if (!entry.isFile()) return 'absent';
    const size = length ?? entry.size;
    const { bytesRead, buffer } = await file.read(Buffer.alloc(Math.min(headBytes, size)), 0, Math.min(headBytes, size), start);
    return `${size} ${createHash('sha256').update(buffer.subarray(0, bytesRead)).digest('hex')}`;
  } finally {
    await file.close();
  }
}

const hashLines = (lines: readonly string[]): string => {
  const hash = createHash('sha256');
  for (const line of lines) hash.update(line).update('\n');
  return hash.digest('hex');
};

/**
 * Reads what the studies of a split are known by; gives it for the ids of those that are skipped, whose images may be anything. An image
 * that cannot be read is known as absent.
 */
export async function splitIdentity(studies: readonly Study[]): Promise<(skipped: ReadonlySet<string>) => SplitIdentity> {
  const images: string[] = [];
  let next = 0;
  const reader = async () => {
    for (let i = next++; i < studies.length; i = next++) images[i] = await imageIdentity(studies[i]!.image).catch(() => 'absent');
  };
  await Promise.all(Array.from({ length: readers }, reader));
  const known = {
    studies: studies.length,
    order: hashLines(studies.map(({ id }) => JSON.stringify(id))),
    texts: hashLines(studies.map(({ findings, impression }) => JSON.stringify([findings, impression]))),
  };
  const ids = studies.map(({ id }) => id);
  return (skipped) => ({ ...known, images: hashLines(images.map((image, i) => (skipped.has(ids[i]!) ? 'skipped' : image))) });
}

/** What differs, a few words for each split; empty where nothing does. */
export function dataDifferences(before: DataIdentity, now: DataIdentity): string[] {
  return (['train', 'validate', 'test'] as const).flatMap((split) => {
    const [then, here] = [before[split], now[split]];
    if (then.studies !== here.studies) return [`${split} has ${here.studies} studies, not ${then.studies}`];
    if (then.order !== here.order) return [`${split} has other studies or another order`];
    const parts = (['texts', 'images'] as const).filter((part) => then[part] !== here[part]);
    return parts.length > 0 ? [`the ${parts.join(' and ')} of ${split} differ`] : [];
  });
}
