import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { importEntries, sizeOfProject } from './install-check/projects.ts';
import {
  built,
  foreignDependencies,
  installTarballs,
  installedForeign,
  nameOf,
  newProject as newProjectIn,
  packages,
  packedTarballs,
  projectWithExamples,
  withoutNative,
} from './support/packed.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const run = promisify(execFile);
const bin = (name: string) => join(root, 'node_modules/.bin', name);

const folder = mkdtempSync(join(tmpdir(), 'hybridmed-pack-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let tarballs: ReadonlyMap<string, string>;
const newProject = (): string => newProjectIn(folder);
const install = (project: string, names: readonly string[]): Promise<void> => installTarballs(project, names, tarballs);

// Packing needs what `npm run build` makes; `npm test` builds first.
describe.skipIf(!built)('packed packages (skipped before npm run build)', () => {
  beforeAll(async () => {
    tarballs = await packedTarballs(inject('sharedFolder'));
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

  /** Imports a package's main entry. */
  const load = (project: string, name: string) =>
    run(process.execPath, ['--input-type=module', '--eval', `await import(${JSON.stringify(nameOf(name))})`], { cwd: project });

  test('packages without native parts, among them the model, are known', () => {
    expect(withoutNative).toEqual(['align', 'decoder', 'eval', 'gpujs', 'inputs', 'kernels', 'model', 'nn', 'remote', 'tensor', 'text', 'vision']);
  });

  // `npm run check:install` does the same with each package, and with other managers.
  test.each(['align', 'model'])('%s installs alone, and brings only what it declares', async (name) => {
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

  test('the losses and the portable device are small', async () => {
    const project = newProject();
    await install(project, ['align', 'gpujs']);
    await importEntries(project, '@hybridmed/align');
    expect(sizeOfProject(project).megabytes).toBeLessThanOrEqual(12);
  });

  test('hybridmed installs by npm, with its entries, its command and a device that computes', async () => {
    const project = await projectWithExamples(inject('sharedFolder'));
    expect(sizeOfProject(project).megabytes).toBeLessThanOrEqual(390);
    expect(await importEntries(project, 'hybridmed')).toBeGreaterThan(4);
    const { stdout } = await run(process.execPath, [join(project, 'node_modules/.bin/hybridmed'), 'devices', '--json'], { cwd: project });
    expect(JSON.parse(stdout)).toMatchObject({ auto: 'cpu', devices: expect.arrayContaining([expect.objectContaining({ kind: 'cpu', available: true })]) });
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
