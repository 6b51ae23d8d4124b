// Serves a fixed list of files on this machine only: no path is looked up on disk, and requests under other host names are refused.
import type { Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname } from 'node:path';
import { HybridmedError } from '@hybridmed/tensor';
import type { SiteFile } from './site.ts';
import { contentOf, policy } from './site.ts';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
};

const headers = {
  'content-security-policy': `${policy}; frame-ancestors 'none'`,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
};

function end(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { ...headers, 'content-type': 'text/plain; charset=utf-8' }).end(`${text}\n`);
}

/** Listens on 127.0.0.1; port 0 selects a free one. Throws one line if the port is in use. */
export async function serveSite(site: ReadonlyMap<string, SiteFile>, port: number): Promise<{ server: Server; url: string }> {
  const server = createServer((request, response) => {
    const ownPort = (server.address() as AddressInfo | null)?.port;
    if (![`127.0.0.1:${ownPort}`, `localhost:${ownPort}`].includes(request.headers.host ?? ''))
      return end(response, 403, 'This page is for this machine only.');
    if (request.method !== 'GET' && request.method !== 'HEAD') return end(response, 405, 'Only GET and HEAD.');
    const path = (request.url ?? '/').split('?')[0]!;
    const name = path === '/' ? '/index.html' : path;
    const file = site.get(name);
    if (!file) return end(response, 404, 'No such file.');
    void contentOf(file).then(
      (body) => {
        const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
        response.writeHead(200, { ...headers, 'content-type': types[extname(name)] ?? 'application/octet-stream', 'content-length': length });
        return response.end(request.method === 'HEAD' ? undefined : body);
      },
      () => end(response, 404, 'The file no longer exists.'),
    );
  });
  await new Promise<void>((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException) =>
      reject(new HybridmedError(`port ${port}: ${error.code === 'EADDRINUSE' ? 'is in use' : 'cannot be used'}; name another with --port, or none`));
    server.once('error', onError).listen(port, '127.0.0.1', () => resolve());
  });
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` };
}
