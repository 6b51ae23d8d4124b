// Projects of a user: packages installed into an empty folder by one of the managers, and what lies there then.
import { execFile } from 'node:child_process';
import { lstatSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cleanEnvironment } from './registry.ts';

const run = promisify(execFile);
const maxBuffer = 2 ** 26;

/** How packages are installed. */
export const managers = ['npm', 'npm linked', 'pnpm'] as const;
export type Manager = (typeof managers)[number];

/** What every installation needs. */
export interface Workshop {
  readonly folder: string;
  readonly registry: string;
  /** The scripts of npm and pnpm, which any Node runs. */
  readonly npm: string;
  readonly pnpm: string;
}

/** Makes a workshop: finds npm, and installs pnpm. */
export async function openWorkshop(folder: string, registry: string): Promise<Workshop> {
  const { stdout } = await run('npm', ['root', '--global'], { env: cleanEnvironment() });
  const own = join(folder, 'pnpm');
  await installTools(own, registry, ['pnpm@10']);
  return { folder, registry, npm: join(stdout.trim(), 'npm/bin/npm-cli.js'), pnpm: join(own, 'node_modules/pnpm/bin/pnpm.cjs') };
}

/** Installs programs that the check itself needs, from the same registry. */
export async function installTools(folder: string, registry: string, names: readonly string[]): Promise<void> {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{"private":true}');
  const words = ['install', '--ignore-scripts', '--no-audit', '--no-fund', `--registry=${registry}`, ...names];
  await run('npm', words, { cwd: folder, env: cleanEnvironment(), maxBuffer });
}

/** An empty project. */
export function newProject({ folder }: Workshop, name: string): string {
  const project = join(folder, 'projects', name.replaceAll(/[^\w.-]+/g, '-'));
  mkdirSync(project, { recursive: true });
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'user', version: '1.0.0', private: true, type: 'module' }));
  return project;
}

/** Adds packages to a project; `node` runs the manager. Gives the seconds that it took. Throws an Error with what the manager said. */
export async function install(workshop: Workshop, project: string, manager: Manager, names: readonly string[], node = process.execPath): Promise<number> {
  const { folder, registry, npm, pnpm } = workshop;
  const words =
    manager === 'pnpm'
      ? [pnpm, 'add', `--store-dir=${join(folder, 'store')}`, '--reporter=append-only']
      : [npm, 'install', `--cache=${join(folder, 'cache')}`, '--no-audit', '--no-fund', ...(manager === 'npm linked' ? ['--install-strategy=linked'] : [])];
  const start = performance.now();
  // As READMEs say: no CUDA files are downloaded.
  const env = cleanEnvironment({ ONNXRUNTIME_NODE_INSTALL: 'skip', PATH: `${join(node, '..')}:${process.env.PATH}` });
  await run(node, [...words, `--registry=${registry}`, ...names], { cwd: project, env, maxBuffer }).catch((error: { stdout: string; stderr: string }) => {
    throw new Error(`${manager} add ${names.join(' ')}\n${error.stdout}\n${error.stderr}`);
  });
  return (performance.now() - start) / 1000;
}

/** Megabytes and files of a project's node_modules, each file once. */
export function sizeOfProject(project: string): { readonly megabytes: number; readonly files: number } {
  const known = new Set<number>();
  let bytes = 0;
  const walk = (folder: string): void => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) walk(path);
      else if (entry.isFile()) {
        const { ino, size } = lstatSync(path);
        if (!known.has(ino)) bytes += size;
        known.add(ino);
      }
    }
  };
  walk(join(project, 'node_modules'));
  return { megabytes: bytes / 1e6, files: known.size };
}

/** What a package offers for import, by its installed manifest. */
export function entriesOf(project: string, name: string): string[] {
  const { exports } = JSON.parse(readFileSync(join(project, 'node_modules', name, 'package.json'), 'utf8')) as { exports: Readonly<Record<string, unknown>> };
  return Object.entries(exports).flatMap(([key, value]) => (typeof value === 'string' ? [] : [name + key.slice(1)]));
}

/** Runs a module in a project with a Node; gives what it prints. Throws an Error with what it said. */
export async function runModule(
  project: string,
  code: string,
  { node = process.execPath, flags = [] as readonly string[], file = 'main.mjs' } = {},
): Promise<string> {
  writeFileSync(join(project, file), code);
  const { stdout } = await run(node, [...flags, file], { cwd: project, env: cleanEnvironment(), maxBuffer }).catch(
    (error: { stdout: string; stderr: string }) => {
      throw new Error(`${code.slice(0, 500)}\n${error.stdout}${error.stderr}`);
    },
  );
  return stdout;
}

/** Imports every entry of a package as a user's module does, and from CommonJS. */
export async function importEntries(project: string, name: string, node?: string): Promise<number> {
  const entries = entriesOf(project, name);
  await runModule(project, entries.map((entry) => `await import(${JSON.stringify(entry)});`).join('\n'), { node });
  await runModule(project, `require(${JSON.stringify(name)});`, { node, file: 'main.cjs' });
  return entries.length;
}
