import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
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

  test('all thirteen are packed, with dist, sources, README and licence', async () => {
    expect(tarballs.size).toBe(13);
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

  test("the GPU device's types bring WebGPU's along, which TypeScript before 6 does not have", async () => {
    const reference = '<reference types="@webgpu/types"';
    for (const entry of ['index', 'node']) expect(await readFile(join(root, `packages/webgpu/dist/${entry}.d.ts`), 'utf8')).toContain(reference);
    expect(JSON.parse(await readFile(join(root, 'packages/webgpu/package.json'), 'utf8')).dependencies).toHaveProperty('@webgpu/types');
  });

  test('the losses install alone, with types', async () => {
    const project = mkdtempSync(join(folder, 'project-'));
    writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'user', private: true, type: 'module' }));
    const ours = ['@hybridmed/align', '@hybridmed/nn', '@hybridmed/tensor'].map((name) => tarballs.get(name)!);
    await run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', ...ours], { cwd: project });
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
