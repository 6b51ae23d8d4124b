// Starting workers and importing modules by URL: from the built package as they are, from TypeScript sources (tests, benchmarks) through a loader.
import type { Transferable, WorkerOptions } from 'node:worker_threads';
import { Worker } from 'node:worker_threads';

/** Imports a module by its URL. */
export async function importModule(url: string): Promise<unknown> {
  if (!url.endsWith('.ts')) return import(url);
  const { tsImport } = (await import(tsx)) as { tsImport(url: string, parent: string): Promise<unknown> };
  return tsImport(url, import.meta.url);
}

// By a computed name: only sources need it, and they are never published alone.
const tsx = ['tsx', 'esm', 'api'].join('/');

/** Starts a worker whose module lies beside this one. */
export function startWorker(name: string, workerData: unknown, transferList: readonly Transferable[] = []): Worker {
  const options: WorkerOptions = { workerData, transferList: [...transferList] };
  if (!import.meta.url.endsWith('.ts')) return new Worker(new URL(`./${name}.js`, import.meta.url), options);
  const entry = new URL(`./${name}.ts`, import.meta.url).href;
  const code = `import('${tsx}').then(({ tsImport }) => tsImport(${JSON.stringify(entry)}, ${JSON.stringify(import.meta.url)}))`;
  return new Worker(code, { ...options, eval: true });
}
