// One shard: images and what is known of them as a tar archive, and the index that says where each image lies.
import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../atomic.ts';
import type { Split } from '../study.ts';
import type { IndexLine, PackedRecord, ShardEntry } from './manifest.ts';
import { indexNameOf, parseIndex } from './manifest.ts';
import { paddedSize, tarBlock, writeTarHeader } from './tar-header.ts';

/** What is known of an image, its place in the set, and the image as PNG, or the line that says why there is none. */
export interface PackedSample {
  readonly position: number;
  readonly record: PackedRecord;
  readonly image: Uint8Array | string;
}

/** What was written, and a line for each study or question whose image could not be read. */
export interface WrittenShard {
  readonly entry: ShardEntry;
  readonly unreadable: readonly string[];
}

const sha256 = (text: string | Uint8Array): string => createHash('sha256').update(text).digest('hex');

/**
 * Writes a shard: for each sample `KEY.png` and `KEY.json`, where the key is its place in the set. The index is written first, the
 * archive last and under a temporary name: an archive that has its name is whole. Throws a DataError.
 */
export async function writeShard(folder: string, file: string, split: Split, samples: AsyncIterable<PackedSample>): Promise<WrittenShard> {
  const parts: Uint8Array[] = [];
  const lines: IndexLine[] = [];
  const unreadable: string[] = [];
  let at = 0;
  const add = (name: string, content: Uint8Array): number => {
    parts.push(writeTarHeader(name, content.length), content, Buffer.alloc(paddedSize(content.length) - content.length));
    const start = at + tarBlock;
    at = start + paddedSize(content.length);
    return start;
  };
  for await (const { position, record, image } of samples) {
    if (typeof image === 'string') {
      unreadable.push(...Array.from({ length: 'study' in record ? 1 : record.questions.length }, () => image));
      continue;
    }
    const key = String(position).padStart(8, '0');
    const start = add(`${key}.png`, image);
    add(`${key}.json`, Buffer.from(JSON.stringify('study' in record ? record.study : record)));
    lines.push({ position, start, length: image.length, sha256: sha256(image), ...record });
  }
  parts.push(Buffer.alloc(2 * tarBlock));
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  const header = { bytes: at + 2 * tarBlock, sha256: hash.digest('hex'), unreadable };
  const index = [header, ...lines].map((line) => `${JSON.stringify(line)}\n`).join('');
  await writeFileAtomic(join(folder, indexNameOf(file)), [index]);
  await writeFileAtomic(join(folder, file), parts);
  return { entry: { file, split, studies: lines.length, bytes: header.bytes, sha256: header.sha256, indexSha256: sha256(index) }, unreadable };
}

/** A shard that an earlier run wrote whole; undefined where there is none, or it is not what its index says. */
export async function readWhole(folder: string, file: string, split: Split): Promise<WrittenShard | undefined> {
  const [archive, indexFile] = [join(folder, file), join(folder, indexNameOf(file))];
  if (!existsSync(archive) || !existsSync(indexFile)) return undefined;
  try {
    const index = await readFile(indexFile, 'utf8');
    const { header, lines } = parseIndex(index, indexFile);
    const hash = createHash('sha256');
    for await (const chunk of createReadStream(archive)) hash.update(chunk as Buffer);
    if (hash.digest('hex') !== header.sha256 || lines.some((line) => line.sha256 === undefined)) return undefined;
    const entry = { file, split, studies: lines.length, bytes: header.bytes, sha256: header.sha256, indexSha256: sha256(index) };
    return { entry, unreadable: header.unreadable };
  } catch {
    return undefined;
  }
}
