// The packages as they would be published, packed once for all test files of a run of the suite, and projects that install them.
import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { sharedOnce } from './shared-folder.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);
const maxBuffer = 2 ** 26;

/** Folders of the packages. */
export const packages: readonly string[] = readdirSync(join(root, 'packages')).filter((name) => existsSync(join(root, 'packages', name, 'package.json')));

/** Whether all are built: packing needs what `npm run build` makes; `npm test` builds first. */
export const built: boolean = packages.every((name) => existsSync(join(root, 'packages', name, 'dist/index.js')));

interface Manifest {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}
const manifestOf = (folder: string): Manifest => JSON.parse(readFileSync(join(root, 'packages', folder, 'package.json'), 'utf8')) as Manifest;

/** The published name of a package. */
export const nameOf = (folder: string): string => manifestOf(folder).name;

const dependenciesOf = (folder: string): string[] => Object.keys(manifestOf(folder).dependencies ?? {});
const isOurs = (dependency: string): boolean => dependency.startsWith('@hybridmed/');

/** Folders of packages with those of ours that they depend on, however deep. */
function closureOf(folders: readonly string[]): string[] {
  const closure = new Set(folders);
  for (const folder of closure) for (const dependency of dependenciesOf(folder)) if (isOurs(dependency)) closure.add(dependency.replace('@hybridmed/', ''));
  return [...closure];
}

/** What packages and those of ours that they depend on take from others. */
export const foreignDependencies = (folders: readonly string[]): string[] =>
  [...new Set(closureOf(folders).flatMap(dependenciesOf))].filter((dependency) => !isOurs(dependency)).toSorted();

// Dependencies with binaries, their own or of what they depend on.
const native = new Set(['sharp', 'onnxruntime-node', 'koffi']);

/** Folders of packages that bring no binaries. */
export const withoutNative: readonly string[] = packages.filter((folder) => !foreignDependencies([folder]).some((dependency) => native.has(dependency)));

/** Names of a project's installed packages that are not ours, where they lie flat. */
export const installedForeign = (project: string): string[] =>
  readdirSync(join(project, 'node_modules'))
    .filter((name) => !name.startsWith('.') && name !== '@hybridmed' && name !== 'hybridmed')
    .flatMap((name) => (name.startsWith('@') ? readdirSync(join(project, 'node_modules', name)).map((part) => `${name}/${part}`) : [name]));

/** Tarballs by the packages' names. `shared` is the suite's folder. */
export async function packedTarballs(shared: string): Promise<ReadonlyMap<string, string>> {
  const folder = await sharedOnce(shared, 'tarballs', async (place) => {
    const words = ['pack', '--json', '--ignore-scripts', '--pack-destination', place, ...packages.map((name) => `./packages/${name}`)];
    const { stdout } = await run('npm', words, { cwd: root, maxBuffer });
    writeFileSync(join(place, 'packed.json'), stdout);
  });
  const packed = JSON.parse(readFileSync(join(folder, 'packed.json'), 'utf8')) as readonly { name: string; filename: string }[];
  return new Map(packed.map(({ name, filename }) => [name, join(folder, filename)]));
}

/** A project of a user in `folder`, with nothing installed. */
export function newProject(folder: string): string {
  const project = mkdtempSync(join(folder, 'project-'));
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'user', private: true, type: 'module' }));
  return project;
}

/** Installs packages of ours from their tarballs, by folder, and what they depend on. */
export async function installTarballs(project: string, folders: readonly string[], tarballs: ReadonlyMap<string, string>): Promise<void> {
  const files = closureOf(folders).map((folder) => tarballs.get(nameOf(folder))!);
  const env = { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip' };
  await run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', ...files], { cwd: project, env, maxBuffer });
}

/** A project that has installed `hybridmed`, with the repository's examples in its folder `examples`: tests may add files of their own, and change none. */
export const projectWithExamples = (shared: string): Promise<string> =>
  sharedOnce(shared, 'hybridmed-project', async (project) => {
    mkdirSync(project, { recursive: true });
    writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'user', private: true, type: 'module' }));
    await installTarballs(project, ['hybridmed'], await packedTarballs(shared));
    const withoutTests = (path: string): boolean => !/\.test\.\w+$/.test(path) && basename(path) !== 'node_modules';
    cpSync(join(root, 'examples'), join(project, 'examples'), { recursive: true, filter: withoutTests });
  });
