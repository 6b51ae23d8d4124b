// What a hub says of a model: the commit of a revision, and the list of a commit's files with their sizes and hashes. All of it is checked.
import { parseJson } from '@hybridmed/model/file-error';
import { HybridmedError } from '@hybridmed/tensor';
import { z } from 'zod';
import { formatHubName, isPathWithin } from './hub-name.ts';
import type { HubName } from './hub-name.ts';
import { checkAnswer, HubUnreachableError, requestHub } from './hub-request.ts';
import type { HubSettings } from './hub-settings.ts';

/** A file of a commit. */
export interface HubFile {
  readonly bytes: number;
  /** What git knows it by: the hash of a blob, which for a large file is a pointer to it. */
  readonly oid: string;
  /** The SHA-256 of a large file. */
  readonly sha256?: string;
  /** By what another protocol knows a large file. */
  readonly xetHash?: string;
}

/** Files by path. */
export type HubListing = ReadonlyMap<string, HubFile>;

const sha1 = z.string().regex(/^[0-9a-f]{40}$/);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const revisionSchema = z.object({ sha: sha1 });
const entrySchema = z.object({
  type: z.string(),
  path: z.string(),
  oid: z.string(),
  size: z.int().min(0).optional(),
  lfs: z.object({ oid: sha256, size: z.int().min(0) }).nullish(),
  xetHash: sha256.nullish(),
});

const [maxAnswerBytes, maxPages, maxFiles] = [2 ** 25, 200, 100_000];
const answerMs = 30_000;

/** Throws one line for a path that would leave the folder that it is put in. */
export function checkServerPath(label: string, path: string): void {
  if (!isPathWithin(path))
    throw new HybridmedError(`${label}: the hub names a file ${JSON.stringify(path.slice(0, 200))}, which may lie outside its folder; nothing was downloaded`);
}

/** An answer's JSON, of bounded size. */
async function readAnswer<T extends z.ZodType>(response: Response, label: string, schema: T): Promise<z.infer<T>> {
  await checkAnswer(response, label);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response.body ?? []) {
      bytes += (chunk as Uint8Array).length;
      if (bytes > maxAnswerBytes) throw new HybridmedError(`${label}: the hub's answer has more than ${maxAnswerBytes / 2 ** 20} MiB; check HF_ENDPOINT`);
      chunks.push(chunk as Uint8Array);
    }
  } catch (error) {
    if (error instanceof HybridmedError) throw error;
    throw new HubUnreachableError(`${label}: the hub's answer broke off; try again`);
  }
  const result = schema.safeParse(parseJson(`${label}: the hub's answer`, Buffer.concat(chunks).toString('utf8')));
  if (result.success) return result.data;
  const { path, message } = result.error.issues[0]!;
  throw new HybridmedError(`${label}: the hub's answer is none: "${path.join('.')}": ${message.slice(0, 200)}; check HF_ENDPOINT`);
}

const ask = <T extends z.ZodType>(hub: HubSettings, address: string, label: string, schema: T) =>
  requestHub(hub, address, { label, headers: { accept: 'application/json' }, signal: AbortSignal.timeout(answerMs) }).then(async (response) => ({
    value: await readAnswer(response, label, schema),
    link: response.headers.get('link'),
  }));

/** The commit that a name's revision is at present. */
export async function askCommit(hub: HubSettings, name: HubName): Promise<string> {
  const address = `${hub.endpoint}/api/models/${name.repo}/revision/${encodeURIComponent(name.revision)}`;
  return (await ask(hub, address, formatHubName({ ...name, path: '' }), revisionSchema)).value.sha;
}

/** The address of the next page; undefined on the last one. It must be the endpoint's, which alone knows the token. */
function nextPage({ endpoint }: HubSettings, label: string, link: string | null): string | undefined {
  const next = /<([^>]+)>\s*;\s*rel="?next"?/.exec(link ?? '')?.[1];
  if (next === undefined) return undefined;
  const url = URL.canParse(next, endpoint) ? new URL(next, endpoint) : undefined;
  if (url?.origin !== new URL(endpoint).origin) throw new HybridmedError(`${label}: the hub continues its list of files on another host; check HF_ENDPOINT`);
  return url.href;
}

/** Every file of a commit. Throws one line for a name that may lead out of its folder. */
export async function askListing(hub: HubSettings, { repo, commit }: { readonly repo: string; readonly commit: string }): Promise<HubListing> {
  const label = formatHubName({ repo, revision: commit, path: '' });
  const files = new Map<string, HubFile>();
  let address: string | undefined = `${hub.endpoint}/api/models/${repo}/tree/${commit}?recursive=true&expand=false`;
  for (let page = 0; address !== undefined; page++) {
    if (page === maxPages || files.size > maxFiles) throw new HybridmedError(`${label}: has more than ${maxFiles} files; name a model alone`);
    const { value, link }: { value: z.infer<typeof entrySchema>[]; link: string | null } = await ask(hub, address, label, z.array(entrySchema));
    for (const { type, path, size, oid, lfs, xetHash } of value) {
      checkServerPath(label, path);
      if (type !== 'file') continue;
      if (!/^[0-9a-f]{40}$/.test(oid)) throw new HybridmedError(`${label}: the hub gives no git hash of ${path}; check HF_ENDPOINT`);
      files.set(path, { bytes: lfs?.size ?? size ?? 0, oid, ...(lfs ? { sha256: lfs.oid } : {}), ...(xetHash ? { xetHash } : {}) });
    }
    address = nextPage(hub, label, link);
  }
  return files;
}
