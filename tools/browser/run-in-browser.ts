// Runs a TypeScript entry as a page of a real browser: bundle, serve on loopback, open, collect what the page found.
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname } from 'node:path';
import type { Browser } from 'puppeteer-core';
import { bundleForBrowser } from './bundle.ts';
import { openBrowser } from './open-browser.ts';

/** Options of running a page. */
export interface RunOptions {
  /** Files that the page may fetch: URL path (with a leading slash) to a file on disk. */
  files?: Readonly<Record<string, string>>;
  /** How long the page may take, in milliseconds. */
  timeout?: number;
  /** A browser that is already open; it stays open. */
  browser?: Browser;
}

const types: Record<string, string> = { '.js': 'text/javascript', '.json': 'application/json', '.wasm': 'application/wasm' };
const html = '<!doctype html><meta charset="utf-8"><title>page</title><script type="module" src="/entry.js"></script>';

function serve(bundle: ReadonlyMap<string, string | Uint8Array>, files: Readonly<Record<string, string>>): Promise<Server> {
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname);
    const send = (body: string | Uint8Array, type: string): void => {
      response.writeHead(200, { 'content-type': type }).end(body);
    };
    const bundled = bundle.get(path);
    const file = Object.hasOwn(files, path) ? files[path] : undefined;
    const type = types[extname(path)] ?? 'application/octet-stream';
    if (path === '/') send(html, 'text/html');
    else if (bundled !== undefined) send(bundled, type);
    else if (file !== undefined)
      readFile(file).then(
        (body) => send(body, type),
        () => response.writeHead(404).end(),
      );
    else if (path === '/favicon.ico') response.writeHead(204).end();
    else response.writeHead(404).end();
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', () => resolve(server));
  });
}

/**
 * Runs `entry` (path of a TypeScript module) in headless Chromium with WebGPU and returns what it assigns to
 * `window.__result` (JSON). Throws an Error with the page's own errors and messages when it fails or takes too long.
 */
export async function runInBrowser<Result>(entry: string, options: RunOptions = {}): Promise<Result> {
  const { files = {}, timeout = 60_000 } = options;
  const server = await serve(await bundleForBrowser({ entry }), files);
  const browser = options.browser ?? (await openBrowser());
  const messages: string[] = [];
  try {
    const page = await browser.newPage();
    page.on('console', (message) => messages.push(`${message.type()}: ${message.text()}`));
    const failed = new Promise<never>((_, reject) => {
      page.on('pageerror', (error) => reject(error));
      page.on('error', (error) => reject(error));
    });
    failed.catch(() => undefined);
    await Promise.race([failed, page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)]);
    await Promise.race([failed, page.waitForFunction('window.__result !== undefined', { timeout, polling: 100 })]);
    const result = JSON.parse((await page.evaluate('JSON.stringify(window.__result)')) as string) as Result;
    await page.close();
    return result;
  } catch (error) {
    const cause = error instanceof Error ? (error.stack ?? error.message) : String(error);
    throw new Error(`${entry} failed in the browser: ${cause}${messages.map((line) => `\n  ${line}`).join('')}`, { cause: error });
  } finally {
    if (!options.browser) await browser.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}
