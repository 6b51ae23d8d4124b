// Whether a file's content is what the hub says: by its SHA-256, or, for what git holds itself, by git's hash of a blob.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { HubFile } from './hub-api.ts';

/** Whether a file has the size and the hash of another one. */
export async function hasContent(path: string, { bytes, oid, sha256 }: HubFile): Promise<boolean> {
  const hash = createHash(sha256 === undefined ? 'sha1' : 'sha256');
  if (sha256 === undefined) hash.update(`blob ${bytes}\0`);
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex') === (sha256 ?? oid);
}
