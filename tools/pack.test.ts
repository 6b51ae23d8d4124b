import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const run = promisify(execFile);
const bin = (name: string) => join(root, 'node_modules/.bin', name);
const packages = readdirSync(join(root, 'packages')).filter((name) => existsSync(join(root, 'packages', name, 'package.json')));
const built = packages.every((name) => existsSync(join(root, 'packages', name, 'dist/index.js')));

interface Manifest {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}
const manifestOf = (name: string): Manifest => JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8')) as Manifest;
const dependenciesOf = (name: string): string[] => Object.keys(manifestOf(name).dependencies ?? {});
const isOurs = (dependency: string): boolean => dependency.startsWith('@hybridmed/');
const folderOf = (dependency: string): string => dependency.replace('@hybridmed/', '');

/** Folders of packages with those of ours that they depend on, however deep. */
function closureOf(names: readonly string[]): string[] {
  const closure = new Set(names);
  for (const name of closure) for (const dependency of dependenciesOf(name)) if (isOurs(dependency)) closure.add(folderOf(dependency));
  return [...closure];
}

const foreignDependencies = (names: readonly string[]): string[] =>
  [...new Set(closureOf(names).flatMap(dependenciesOf))].filter((dependency) => !isOurs(dependency)).toSorted();

// Dependencies with binaries, their own or of what they depend on.
const native = new Set(['sharp', 'onnxruntime-node', 'koffi']);
const withoutNative = packages.filter((name) => !foreignDependencies([name]).some((dependency) => native.has(dependency)));

const folder = mkdtempSync(join(tmpdir(), 'hybridmed-pack-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const tarballs = new Map<string, string>();

// Packing needs what `npm run build` makes; `npm test` builds first.
describe.skipIf(!built)('packed packages (skipped before npm run build)', () => {
  beforeAll(async () => {
    const { stdout } = await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder, ...packages.map((name) => `./packages/${name}`)], {
      cwd: root,
      maxBuffer: 2 ** 26,
    });
    for (const { name, filename } of JSON.parse(stdout) as { name: string; filename: string }[]) tarballs.set(name, join(folder, filename));
  });

  test('all are packed, with dist, sources, README and licence', async () => {
    expect(tarballs.size).toBe(packages.length);
    for (const file of tarballs.values()) {
      const { stdout } = await run('tar', ['-tzf', file], { maxBuffer: 2 ** 24 });
      for (const needed of ['package/dist/index.js', 'package/dist/index.d.ts', 'package/src/index.ts', 'package/README.md', 'package/LICENSE'])
        expect(stdout, file).toContain(needed);
      expect(stdout).not.toContain('test/');
    }
  });

  test.each(packages)('%s: publint finds nothing wrong', async (name) => {
    const { stdout } = await run(bin('publint'), ['--strict', '--pack', 'false', join(root, 'packages', name)]);
    expect(stdout).toContain('All good!');
  });

  test("the GPU device's types bring WebGPU's along for TypeScript before 6, whose DOM library lacks them, and for no other", async () => {
    for (const entry of ['index', 'node']) {
      expect(await readFile(join(root, `packages/webgpu/types/${entry}.d.ts`), 'utf8')).toContain('<reference types="@webgpu/types"');
      expect(await readFile(join(root, `packages/webgpu/dist/${entry}.d.ts`), 'utf8')).not.toContain('@webgpu/types');
    }
    expect(JSON.parse(await readFile(join(root, 'packages/webgpu/package.json'), 'utf8')).dependencies).toHaveProperty('@webgpu/types');
  });

  test('the portable device brings what it uses of gpu.js, with the licences', async () => {
    const { stdout } = await run('tar', ['-xzOf', tarballs.get('@hybridmed/gpujs')!, 'package/dist/gpujs/LICENSES.txt']);
    for (const name of ['gpu.js', 'acorn', 'gpu-mock.js']) expect(stdout).toMatch(new RegExp(`^${name.replace('.', '\\.')} [0-9.]+ \\(MIT\\)$`, 'm'));
  });

  /** A project of a user, with nothing installed. */
  function newProject(): string {
    const project = mkdtempSync(join(folder, 'project-'));
    writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'user', private: true, type: 'module' }));
    return project;
  }

  /** Installs packages of ours from their tarballs, and what they depend on. */
  async function install(project: string, names: readonly string[]): Promise<void> {
    const files = closureOf(names).map((name) => tarballs.get(manifestOf(name).name)!);
    const env = { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip' };
    await run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', ...files], { cwd: project, env });
  }

  /** Imports a package's main entry. */
  const load = (project: string, name: string) =>
    run(process.execPath, ['--input-type=module', '--eval', `await import(${JSON.stringify(manifestOf(name).name)})`], { cwd: project });

  /** Names of installed packages that are not ours. */
  const installedForeign = (project: string): string[] =>
    readdirSync(join(project, 'node_modules'))
      .filter((name) => !name.startsWith('.') && name !== '@hybridmed')
      .flatMap((name) => (name.startsWith('@') ? readdirSync(join(project, 'node_modules', name)).map((part) => `${name}/${part}`) : [name]));

  test('packages without native parts, among them the model, are known', () => {
    expect(withoutNative).toEqual(['align', 'decoder', 'eval', 'gpujs', 'inputs', 'kernels', 'model', 'nn', 'remote', 'tensor', 'text', 'vision']);
  });

  test.each(withoutNative)('%s installs alone, and brings only what it declares', async (name) => {
    const project = newProject();
    await install(project, [name]);
    expect(installedForeign(project)).toEqual(foreignDependencies([name]));
    if (name === 'model') for (const absent of ['zod', 'commander', 'protobufjs', 'cli-progress']) expect(installedForeign(project)).not.toContain(absent);
    await load(project, name);
  });

  test('training installs alone', async () => {
    const project = newProject();
    await install(project, ['training']);
    await load(project, 'training');
  });

  describe('first examples of READMEs run from the installed packages', () => {
    // The example of kernels asks for a GPU's adapter.
    const names = [...withoutNative.filter((name) => name !== 'kernels'), 'training'];
    let project: string;
    beforeAll(async () => {
      project = newProject();
      await install(project, names);
    });

    test.each(names)('%s', async (name) => {
      const example = /```ts\n([\s\S]*?)```/.exec(readFileSync(join(root, 'packages', name, 'README.md'), 'utf8'))![1]!;
      writeFileSync(join(project, `${name}.mts`), example);
      await run(process.execPath, ['--import', import.meta.resolve('tsx'), `${name}.mts`], { cwd: project });
    });
  });

  test('a model of one’s own trains on tensor, nn and a device alone', async () => {
    const project = newProject();
    await install(project, ['tensor', 'nn', 'gpujs']);
    expect(readdirSync(join(project, 'node_modules/@hybridmed')).toSorted()).toEqual(['gpujs', 'nn', 'tensor']);
    writeFileSync(join(project, 'main.mts'), readFileSync(join(root, 'examples/own-model/main.ts'), 'utf8'));
    const { stdout } = await run(process.execPath, ['--import', import.meta.resolve('tsx'), 'main.mts'], { cwd: project });
    expect(Number(/unseen points ([\d.]+)/.exec(stdout)![1])).toBeGreaterThan(0.95);
  });

  test('the losses install alone, with types', async () => {
    const project = newProject();
    await install(project, ['align']);
    writeFileSync(
      join(project, 'use.ts'),
      `import { globalContrast } from '@hybridmed/align';
import { ops, trace } from '@hybridmed/tensor';
const graph = trace({ data: { image: { shape: ['B', 8], dtype: 'f32' }, text: { shape: ['B', 8], dtype: 'f32' } } }, ({ image, text }) => ({
  results: { loss: globalContrast({ image: image!, text: text!, logScale: ops.full(2, []) }) },
}));
const shape: readonly (number | string)[] = graph.results.loss!.shape;
console.log(shape.length);
`,
    );
    await run(
      bin('tsc'),
      ['--ignoreConfig', '--module', 'nodenext', '--target', 'es2023', '--strict', '--types', '', '--outDir', project, join(project, 'use.ts')],
      { cwd: project },
    ).catch((error: { stdout: string }) => {
      throw new Error(error.stdout);
    });
    const { stdout } = await run(process.execPath, [join(project, 'use.js')], { cwd: project });
    expect(stdout.trim()).toBe('0');
  });
});
