// A page that reads a chest radiograph with a checkpoint in the browser: bundles it, and serves it on this machine or writes it as a folder.
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { HybridmedError } from '@hybridmed/tensor';
import type { SiteFile } from './site.ts';

const help = `Usage: main.ts CHECKPOINT [--port N | --out DIR]

A page that reads a chest radiograph in the browser: its impression, scores of findings, and heat maps.
The image never leaves the machine. Not a medical device.

  CHECKPOINT   a checkpoint's folder, or the --out folder of a run
  --port N     port on 127.0.0.1 (default: a free one)
  --out DIR    write the page as a new folder for any static host (https, for WebGPU) instead of serving it
  --help       this text
`;

/** A mistake in the arguments. */
class UsageError extends Error {}

function options(args: readonly string[]): { checkpoint: string; port: number; out: string | undefined } | undefined {
  const parsed = (() => {
    try {
      const flags = { port: { type: 'string' }, out: { type: 'string' }, help: { type: 'boolean', short: 'h' } } as const;
      return parseArgs({ args: [...args], options: flags, allowPositionals: true });
    } catch (error) {
      throw new UsageError((error as Error).message.split('. ')[0]!);
    }
  })();
  const { values, positionals } = parsed;
  if (values.help) return undefined;
  const [checkpoint, ...more] = positionals;
  if (checkpoint === undefined || more.length > 0) throw new UsageError('give one CHECKPOINT');
  if (values.port !== undefined && values.out !== undefined) throw new UsageError('give either --port or --out');
  const port = Number(values.port ?? 0);
  if (!/^\d+$/.test(values.port ?? '0') || port > 65_535) throw new UsageError(`--port must be a whole number from 0 to 65535, not "${values.port}"`);
  if (values.out === '') throw new UsageError('--out must name a folder');
  return { checkpoint, port, out: values.out };
}

/** Writes every file into a temporary folder, which is then renamed. */
async function writeSite(site: ReadonlyMap<string, SiteFile>, out: string): Promise<void> {
  if (existsSync(out)) throw new HybridmedError(`${out}: exists; name another --out, or remove it`);
  const parent = dirname(resolve(out));
  await mkdir(parent, { recursive: true });
  const temporary = join(parent, `.radiograph-page-${randomUUID()}`);
  try {
    const { contentOf } = await import('./site.ts');
    for (const [name, file] of site) {
      await mkdir(dirname(join(temporary, name)), { recursive: true });
      await writeFile(join(temporary, name), await contentOf(file));
    }
    await rename(temporary, out);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function main(): Promise<void> {
  const settings = options(process.argv.slice(2));
  if (!settings) return void process.stdout.write(help);
  // The help does not wait for the bundler.
  const [{ buildSite }, { serveSite }] = await Promise.all([import('./site.ts'), import('./serve.ts')]);
  const site = await buildSite(settings.checkpoint);
  if (settings.out !== undefined) {
    await writeSite(site, settings.out);
    process.stdout.write(`${settings.out}: ${site.size} files, to be served over https or from localhost\n`);
    return;
  }
  const { server, url } = await serveSite(site, settings.port);
  process.stdout.write(`${url}\n`);
  process.stderr.write('open it in a browser with WebGPU; Ctrl+C ends it\n');
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => (server.close(), server.closeAllConnections()));
}

try {
  await main();
} catch (error) {
  process.stderr.write(`error: ${(error as Error).message.split('\n')[0]}${error instanceof UsageError ? ' (see --help)' : ''}\n`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
