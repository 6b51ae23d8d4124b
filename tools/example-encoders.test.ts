// The example encoders as their users have them: packages outside the workspace, on packed tarballs.
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { built, packedTarballs } from './support/packed.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const run = promisify(execFile);
const examples = readdirSync(join(root, 'examples/encoders'));

const folder = mkdtempSync(join(tmpdir(), 'hybridmed-encoders-'));
const project = join(folder, 'project');
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const hybridmed = (...args: string[]) =>
  run(process.execPath, [join(project, 'node_modules/hybridmed/bin/hybridmed.js'), ...args], { cwd: project, maxBuffer: 2 ** 26 });

// Packing needs what `npm run build` makes; `npm test` builds first.
describe.skipIf(!built)('example encoders on packed packages (skipped before npm run build)', () => {
  beforeAll(async () => {
    const packed = await packedTarballs(inject('sharedFolder'));
    const tarballs = Object.fromEntries([...packed].map(([name, file]) => [name, `file:${file}`]));
    mkdirSync(project);
    // What is not published yet comes from the tarballs, for the examples' own dependencies too; versions of others are those of this repository.
    for (const name of examples) {
      cpSync(join(root, 'examples/encoders', name), join(project, name), { recursive: true });
      const file = join(project, name, 'package.json');
      const own = JSON.parse(readFileSync(file, 'utf8')) as Readonly<Record<'dependencies' | 'devDependencies', Record<string, string>>>;
      for (const ranges of [own.dependencies, own.devDependencies])
        for (const [dependency, range] of Object.entries(ranges)) ranges[dependency] = tarballs[dependency] ?? range;
      writeFileSync(file, JSON.stringify(own));
    }
    const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as { packages: Record<string, { version?: string }> };
    const manifest = {
      name: 'user',
      private: true,
      type: 'module',
      dependencies: { ...tarballs, ...Object.fromEntries(examples.map((name) => [name, `file:./${name}`])) },
      overrides: { 'onnxruntime-node': lock.packages['node_modules/onnxruntime-node']!.version },
    };
    writeFileSync(join(project, 'package.json'), JSON.stringify(manifest));
    await run('npm', ['install', '--ignore-scripts', '--install-links', '--no-audit', '--no-fund', '--prefer-offline'], { cwd: project, maxBuffer: 2 ** 26 });
    await hybridmed('data', 'phantom', 'phantoms', '--studies', '60', '--size', '36');
  }, 600_000);

  test.each(examples)('%s passes its own tests', { timeout: 120_000 }, async (name) => {
    const { stdout } = await run(process.execPath, ['--test', join('node_modules', name, 'index.test.js')], { cwd: project });
    expect(stdout).toMatch(/fail 0/);
  });

  test.each([
    ['--vision', 'convolutional-vision-encoder'],
    ['--text', 'bag-of-words-text-encoder'],
  ])('pretrain %s %s', { timeout: 180_000 }, async (flag, name) => {
    await hybridmed('pretrain', '--data', 'phantom:phantoms', '--preset', 'tiny', '--steps', '2,2', '--device', 'cpu', '--out', `runs/${name}`, flag, name);
    const { stdout } = await hybridmed(
      'generate',
      '--checkpoint',
      `runs/${name}`,
      '--findings',
      'The heart is enlarged.',
      '--device',
      'cpu',
      '--json',
      flag,
      name,
    );
    expect(JSON.parse(stdout).results).toHaveLength(1);
  });
});
