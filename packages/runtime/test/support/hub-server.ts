// A server on 127.0.0.1 that speaks a hub's API: revisions, lists of files in pages, and files with redirects and ranges; and that misbehaves as a test says.
import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A file of a model. */
export interface ServedFile {
  readonly content: Buffer;
  /** Large files have a SHA-256 in the list, others git's hash. */
  readonly large?: boolean;
}

/** What was asked. */
export interface Asked {
  readonly path: string;
  readonly authorization: string | undefined;
  readonly range: string | undefined;
}

/** How a server misbehaves: what a hook answers itself, by returning true, is answered. */
export interface Hooks {
  commit?: () => string;
  /** Changes the list of files before it is sent. */
  list?: (entries: Record<string, unknown>[]) => unknown;
  resolve?: (path: string, request: IncomingMessage, response: ServerResponse) => boolean;
}

export const gitHash = (content: Buffer): string => createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex');
export const sha256 = (content: Buffer): string => createHash('sha256').update(content).digest('hex');

const listen = async (handle: (request: IncomingMessage, response: ServerResponse) => void) => {
  const server = createServer(handle);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const close = () =>
    new Promise<void>((resolve) => {
      server.closeAllConnections();
      server.close(() => resolve());
    });
  return { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close };
};

/** Sends a content as a storage does: whole, or from where a range begins. */
export function sendContent(request: IncomingMessage, response: ServerResponse, content: Buffer, { cutAfter }: { cutAfter?: number } = {}): void {
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  const body = content.subarray(start);
  response.writeHead(start > 0 ? 206 : 200, {
    'content-length': body.length,
    ...(start > 0 ? { 'content-range': `bytes ${start}-${content.length - 1}/${content.length}` } : {}),
  });
  if (cutAfter === undefined || cutAfter >= body.length) response.end(body);
  else response.write(body.subarray(0, cutAfter), () => setTimeout(() => response.destroy(), 20));
}

/** Serves models by org/name: each a list of its files, at one commit. */
export async function hubServer(models: Record<string, Record<string, ServedFile>>, hooks: Hooks = {}) {
  const asked: Asked[] = [];
  const commit = () => hooks.commit?.() ?? 'c'.repeat(40);
  const answer = (response: ServerResponse, value: unknown, headers: Record<string, string> = {}) =>
    response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value));
  const server = await listen((request, response) => {
    const { pathname, searchParams } = new URL(request.url!, 'http://127.0.0.1');
    asked.push({ path: pathname, authorization: request.headers.authorization, range: request.headers.range });
    const [, repo, kind, revision, file] =
      /^\/api\/models\/([^/]+\/[^/]+)\/(revision|tree)\/([^/]+)$/.exec(pathname) ?? /^\/([^/]+\/[^/]+)\/(resolve)\/([^/]+)\/(.+)$/.exec(pathname) ?? [];
    const files = models[repo ?? ''];
    if (!files) return void response.writeHead(401, { 'x-error-code': 'RepoNotFound' }).end();
    if (kind === 'revision' && !['main', commit()].includes(revision!)) return void response.writeHead(404, { 'x-error-code': 'RevisionNotFound' }).end();
    if (kind === 'revision') return void answer(response, { id: repo, sha: commit() });
    if (kind === 'tree') {
      const all = Object.entries(files).map(([path, { content, large }]) => ({
        type: 'file',
        path,
        size: content.length,
        oid: gitHash(large ? Buffer.from('a pointer') : content),
        ...(large ? { lfs: { oid: sha256(content), size: content.length, pointerSize: 130 }, xetHash: sha256(Buffer.from('xet')) } : {}),
      }));
      // In pages of two, as the hub has pages of a thousand.
      const from = Number(searchParams.get('cursor') ?? 0);
      const next = { link: `<${server.address}${pathname}?recursive=true&cursor=${from + 2}>; rel="next"` };
      return void answer(response, hooks.list?.(all) ?? all.slice(from, from + 2), !hooks.list && from + 2 < all.length ? next : {});
    }
    const path = decodeURIComponent(file!);
    if (hooks.resolve?.(path, request, response)) return;
    const served = files[path];
    if (!served) return void response.writeHead(404, { 'x-error-code': 'EntryNotFound' }).end();
    sendContent(request, response, served.content);
  });
  return { ...server, asked, hooks };
}

/** Another host: it answers as it is told, and keeps what it was asked. */
export async function otherHost(handle: (request: IncomingMessage, response: ServerResponse) => void) {
  const asked: Asked[] = [];
  const server = await listen((request, response) => {
    asked.push({ path: request.url!, authorization: request.headers.authorization, range: request.headers.range });
    handle(request, response);
  });
  return { ...server, asked };
}
