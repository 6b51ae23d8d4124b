// Starting workers and importing modules by URL: from the built package as they are, from TypeScript sources (tests, benchmarks) through a loader.
import type { Transferable, WorkerOptions } from 'node:worker_threads';
import { Worker } from 'node:worker_threads';

// By a computed name: only sources need it, and they are never run where it is absent.
const tsx = ['tsx', 'esm', 'api'].join('/');

/** Imports a module by its URL. */
export async function importModule(url: string): Promise<unknown> {
  if (!url.endsWith('.ts')) return import(url);
  const { tsImport } = (await import(tsx)) as { tsImport(url: string, parent: string): Promise<unknown> };
  return tsImport(url, import.meta.url);
}

/** Starts a worker from a module of this package, named by its path from `src` without its ending. */
export function startWorker(module: string, workerData: unknown, transferList: readonly Transferable[] = []): Worker {
  const options: WorkerOptions = { workerData, transferList: [...transferList] };
  if (!import.meta.url.endsWith('.ts')) return new Worker(new URL(`../${module}.js`, import.meta.url), options);
  const entry = new URL(`../${module}.ts`, import.meta.url).href;
  const code = `import('${tsx}').then(({ tsImport }) => tsImport(${JSON.stringify(entry)}, ${JSON.stringify(import.meta.url)}))`;
  return new Worker(code, { ...options, eval: true });
}
