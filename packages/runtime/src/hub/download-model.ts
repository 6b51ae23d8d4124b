// The files of a model on a hub in the cache: what is missing of what is needed is downloaded; offline, or without a network, what lies there is used.
import { readdir, statfs } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { HybridmedError } from '@hybridmed/tensor';
import { describeError, makeFolder } from '../files.ts';
import type { DownloadMeans } from './download-blob.ts';
import { downloadBlob, usualMeans } from './download-blob.ts';
import { tellDownload } from './download-events.ts';
import type { HubFile, HubListing } from './hub-api.ts';
import { askCommit, askListing } from './hub-api.ts';
import type { ModelCache } from './hub-cache.ts';
import { blobPath, bytesAt, linkFile, modelCache, readListing, readRef, snapshotPath, writeListing, writeRef } from './hub-cache.ts';
import type { HubName } from './hub-name.ts';
import { formatHubName, isCommit } from './hub-name.ts';
import { HubUnreachableError } from './hub-request.ts';
import type { HubSettings } from './hub-settings.ts';
import type { WantedFiles } from './needed-files.ts';
import { neededFiles } from './needed-files.ts';

const GiB = 2 ** 30;
// The largest configurations and tokenizers have some 30 MB.
const [maxTextBytes, maxWeightBytes, maxModelBytes] = [GiB / 4, 64 * GiB, 256 * GiB];

/** Sizes for people. */
export const sizeInWords = (bytes: number): string =>
  bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`;

/** Bytes that are free on the disk of a folder. */
export async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

/** How files come into the cache. */
export interface ModelMeans extends DownloadMeans {
  freeBytes(folder: string): Promise<number>;
}

/** Those of a process. */
export const usualModelMeans: ModelMeans = { ...usualMeans, freeBytes };

const offlineError = (name: HubName, cache: string): HybridmedError =>
  new HybridmedError(
    `${formatHubName(name)}: is not in the cache (${cache}), and HF_HUB_OFFLINE is set; unset it to download, or name another cache with HF_HOME`,
  );

/** The commit that a name means. Where the hub cannot be reached, that of the last download, which a message says. */
export async function findCommit(hub: HubSettings, name: HubName): Promise<string> {
  if (isCommit(name.revision)) return name.revision;
  const model = modelCache(hub.cache, name.repo);
  if (hub.offline) {
    const known = await readRef(model, name.revision);
    if (known === undefined) throw offlineError(name, hub.cache);
    return known;
  }
  try {
    return await askCommit(hub, name);
  } catch (error) {
    const known = error instanceof HubUnreachableError ? await readRef(model, name.revision) : undefined;
    if (known === undefined) throw error;
    tellDownload({ kind: 'message', text: `${(error as Error).message.split(';')[0]}; the commit of the last download is used: ${known}` });
    return known;
  }
}

/** Names of what lies in a snapshot. */
async function snapshotNames(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries.flatMap((entry) => (entry.isDirectory() ? [] : [relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/')]));
}

/** Throws one line where files are larger than files of models are, or have no hash by which they could be verified. */
function checkFiles(label: string, files: readonly (readonly [string, HubFile])[]): void {
  for (const [path, { bytes, sha256, xetHash }] of files) {
    const most = /\.(?:safetensors|onnx|data)$/.test(path) ? maxWeightBytes : maxTextBytes;
    if (bytes > most) throw new HybridmedError(`${label}: ${path} has ${sizeInWords(bytes)}, more than ${sizeInWords(most)}; name another model`);
    if (sha256 === undefined && xetHash !== undefined) throw new HybridmedError(`${label}: the hub lists no SHA-256 of ${path}; it cannot be verified`);
  }
  const total = files.reduce((sum, [, { bytes }]) => sum + bytes, 0);
  if (total > maxModelBytes)
    throw new HybridmedError(`${label}: its files have ${sizeInWords(total)}, more than ${sizeInWords(maxModelBytes)}; name another model`);
}

/** What is downloaded: small files first, so that weights which are there have their configuration beside them. */
async function downloadFiles(hub: HubSettings, name: HubName, files: readonly (readonly [string, HubFile])[], means: ModelMeans): Promise<void> {
  const { repo, revision: commit } = name;
  const model = modelCache(hub.cache, repo);
  const missing: (readonly [string, HubFile])[] = [];
  for (const entry of files.toSorted(([, a], [, b]) => a.bytes - b.bytes)) {
    if ((await bytesAt(join(snapshotPath(model, commit), entry[0]))) !== entry[1].bytes) missing.push(entry);
  }
  if (missing.length === 0) return;
  const label = formatHubName({ ...name, path: '' });
  if (hub.offline)
    throw new HybridmedError(`${label}: ${missing[0]![0]} is not in the cache (${hub.cache}), and HF_HUB_OFFLINE is set; unset it to download the file`);
  await makeFolder(join(model.folder, 'blobs'));
  let needed = 0;
  for (const [, file] of missing) {
    const blob = blobPath(model, file);
    const there = (await bytesAt(blob)) === file.bytes ? file.bytes : ((await bytesAt(`${blob}.hybridmed.incomplete`)) ?? 0);
    needed += Math.max(0, file.bytes - there);
  }
  const free = await means.freeBytes(model.folder);
  if (needed > free)
    throw new HybridmedError(
      `${label}: needs ${sizeInWords(needed)}, and ${hub.cache} has ${sizeInWords(free)} free; free space, or name another cache with HF_HOME`,
    );
  if (needed > 0) tellDownload({ kind: 'message', text: `downloading ${label}: ${missing.length} files, ${sizeInWords(needed)}` });
  for (const [path, file] of missing) {
    const address = `${hub.endpoint}/${repo}/resolve/${commit}/${path.split('/').map(encodeURIComponent).join('/')}`;
    await downloadBlob({ hub, model, address, label: formatHubName({ ...name, path }), file }, means);
    await linkFile(model, commit, path, file).catch((error: unknown) => Promise.reject(describeError(join(snapshotPath(model, commit), path), error)));
  }
}

/** The list of a commit's files: of the cache, or of the hub. Undefined where offline only what lies there is known. */
async function findListing(hub: HubSettings, model: ModelCache, name: HubName): Promise<HubListing | undefined> {
  const known = await readListing(model, name.revision);
  if (known || hub.offline) return known;
  try {
    const listing = await askListing(hub, { repo: name.repo, commit: name.revision });
    await writeListing(model, name.revision, listing);
    return listing;
  } catch (error) {
    if (!(error instanceof HubUnreachableError) || (await snapshotNames(snapshotPath(model, name.revision))).length === 0) throw error;
    tellDownload({ kind: 'message', text: `${error.message.split(';')[0]}; what the cache has of it is used` });
    return undefined;
  }
}

/** Brings what is needed of a name with a commit into the cache, and returns the path of its folder or file. */
export async function downloadModel(hub: HubSettings, name: HubName, wanted: WantedFiles, means: ModelMeans): Promise<string> {
  const model = modelCache(hub.cache, name.repo);
  const folder = snapshotPath(model, name.revision);
  const listing = await findListing(hub, model, name);
  const label = formatHubName({ ...name, path: '' });
  const names = listing ? [...listing.keys()] : await snapshotNames(folder);
  if (!listing && names.length === 0) throw offlineError(name, hub.cache);
  const needed = neededFiles(names, name.path, wanted);
  if (needed.problem !== undefined)
    throw new HybridmedError(
      listing
        ? `${label}: ${needed.problem}; name another model or file`
        : `${label}: what the cache (${hub.cache}) has of it ${needed.problem}; unset HF_HUB_OFFLINE to download it`,
    );
  if (listing) {
    const files = needed.paths.map((path) => [path, listing.get(path)!] as const);
    checkFiles(label, files);
    await downloadFiles(hub, name, files, means);
  }
  return name.path === '' ? folder : join(folder, ...name.path.split('/'));
}

/** Records in the cache which commit a revision is: once its files are there, so that what was known before stays until then. */
export const keepRevision = (hub: HubSettings, { repo, revision }: HubName, commit: string): Promise<void> =>
  writeRef(modelCache(hub.cache, repo), revision, commit).catch(() => undefined);
