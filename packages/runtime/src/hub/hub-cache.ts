// The cache as Python's huggingface_hub lays it out: blobs by their hashes, snapshots of commits that link to them, refs from revisions to commits,
// and lists of a commit's files.
import { existsSync } from 'node:fs';
import { copyFile, readFile, readlink, rename, rm, stat, symlink } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { z } from 'zod';
import { makeFolder, readJson, writeFileAtomic } from '../files.ts';
import type { HubFile, HubListing } from './hub-api.ts';
import { isCommit, isPathWithin } from './hub-name.ts';

/** The folders of a model. */
export interface ModelCache {
  readonly folder: string;
  /** Where its locks are. */
  readonly locks: string;
}

/** The folders of a model, org/name. */
export function modelCache(cache: string, repo: string): ModelCache {
  const name = `models--${repo.replace('/', '--')}`;
  return { folder: join(cache, name), locks: join(cache, '.locks', name) };
}

/** The name that a file's content has: the hash by which the hub and Python know it. */
export const blobName = ({ oid, sha256 }: HubFile): string => sha256 ?? oid;

/** Where a content lies. */
export const blobPath = ({ folder }: ModelCache, file: HubFile): string => join(folder, 'blobs', blobName(file));

/** The folder of a commit. */
export const snapshotPath = ({ folder }: ModelCache, commit: string): string => join(folder, 'snapshots', commit);

/** Whether a path is that of a snapshot, or in one: whoever writes there would damage what others read. */
export const isInCache = (path: string): boolean => /[\\/]models--[^\\/]+[\\/]snapshots[\\/][0-9a-f]{40}(?:[\\/]|$)/.test(path);

/** The commit that a revision was when it was last downloaded; undefined where it never was. */
export async function readRef({ folder }: ModelCache, revision: string): Promise<string | undefined> {
  if (isCommit(revision)) return revision;
  const commit = (await readFile(join(folder, 'refs', ...revision.split('/')), 'utf8').catch(() => '')).trim();
  return isCommit(commit) ? commit : undefined;
}

/** Writes which commit a revision is. */
export async function writeRef(model: ModelCache, revision: string, commit: string): Promise<void> {
  if (isCommit(revision) || (await readRef(model, revision)) === commit) return;
  await writeFileAtomic(join(model.folder, 'refs', ...revision.split('/')), [commit]);
}

const treeVersion = 1;
const hash = (length: number) => z.string().regex(new RegExp(`^[0-9a-f]{${length}}$`));
const treeSchema = z.object({
  format_version: z.literal(treeVersion),
  files: z.record(
    z.string().refine(isPathWithin),
    z.object({
      size: z.int().min(0),
      blob_id: hash(40),
      lfs_sha256: hash(64).optional(),
      lfs_size: z.int().min(0).optional(),
      xet_hash: hash(64).optional(),
    }),
  ),
});

const treeFile = ({ folder }: ModelCache, commit: string): string => join(folder, 'trees', `${commit}.json`);

/** The list of a commit's files; undefined where it is not in the cache, or is none. */
export async function readListing(model: ModelCache, commit: string): Promise<HubListing | undefined> {
  const file = treeFile(model, commit);
  if (!existsSync(file)) return undefined;
  const result = treeSchema.safeParse(await readJson(file).catch(() => undefined));
  if (!result.success) return undefined;
  return new Map(
    Object.entries(result.data.files).map(([path, { size, blob_id: oid, lfs_sha256: sha256, lfs_size: bytes = size, xet_hash: xetHash }]) => [
      path,
      { bytes, oid, ...(sha256 === undefined ? {} : { sha256 }), ...(xetHash === undefined ? {} : { xetHash }) },
    ]),
  );
}

/** Writes the list of a commit's files, which never changes. */
export async function writeListing(model: ModelCache, commit: string, listing: HubListing): Promise<void> {
  const files = Object.fromEntries(
    [...listing]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([path, { bytes, oid, sha256, xetHash }]) => [
        path,
        {
          size: bytes,
          blob_id: oid,
          ...(sha256 === undefined ? {} : { lfs_sha256: sha256, lfs_size: bytes }),
          ...(xetHash === undefined ? {} : { xet_hash: xetHash }),
        },
      ]),
  );
  await writeFileAtomic(treeFile(model, commit), [JSON.stringify({ format_version: treeVersion, files }, undefined, 1)]);
}

/** The size of what a path leads to; undefined where it leads to nothing. */
export const bytesAt = (path: string): Promise<number | undefined> =>
  stat(path).then(
    (entry) => (entry.isFile() ? entry.size : undefined),
    () => undefined,
  );

const withoutLinks = new Set(['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'EACCES']);

/** Gives a content its name in the snapshot of a commit: a relative link, or a copy where the file system has no links. */
export async function linkFile(model: ModelCache, commit: string, path: string, file: HubFile): Promise<void> {
  const [pointer, blob] = [join(snapshotPath(model, commit), ...path.split('/')), blobPath(model, file)];
  if ((await bytesAt(pointer)) === file.bytes) return;
  await makeFolder(dirname(pointer));
  const target = relative(dirname(pointer), blob);
  try {
    await rm(pointer, { force: true });
    await symlink(target, pointer);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Another process has made it meanwhile.
    if (code === 'EEXIST' && (await readlink(pointer).catch(() => undefined)) === target) return;
    if (!withoutLinks.has(code ?? '')) throw error;
    const temporary = `${pointer}.${process.pid}.tmp`;
    await copyFile(blob, temporary);
    await rename(temporary, pointer);
  }
}
