// Each kernel is an entry of its own, and a page that takes one bundles that one.
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { kernels } from '@hybridmed/kernels';
import { afterAll, describe, expect, test } from 'vitest';
import { bundleForBrowser } from './bundle.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const sources = join(root, 'packages/kernels/src');
const folders = readdirSync(sources).filter((name) => existsSync(join(sources, name, 'reference.ts')));
const nameOf = (folder: string): string => Object.entries(kernels).find(([, kernel]) => kernel.name === folder)![0];

// Inside the repository, so that imports resolve as they do in a project that has installed the packages.
const entries = mkdtempSync(join(root, 'node_modules/.kernels-'));
afterAll(() => rmSync(entries, { recursive: true, force: true }));

/** Bytes of a page's script that keeps what `statement` imports as `kept`, minified and gzipped. */
async function bundledSize(name: string, statement: string): Promise<number> {
  const entry = join(entries, `${name}.ts`);
  writeFileSync(entry, `${statement}\nObject.assign(globalThis, { kept });\n`);
  const files = await bundleForBrowser({ [name]: entry }, { minify: true });
  return [...files.values()].reduce((total, file) => total + gzipSync(file).length, 0);
}

test('every kernel has an entry, under the name of its folder, in the package and in no other place', () => {
  const { exports } = JSON.parse(readFileSync(join(root, 'packages/kernels/package.json'), 'utf8')) as { exports: Readonly<Record<string, unknown>> };
  expect(
    Object.values(kernels)
      .map(({ name }) => name)
      .toSorted(),
  ).toEqual(folders.toSorted());
  for (const folder of folders)
    expect(exports[`./${folder}`]).toEqual({
      'hybridmed-source': `./src/${folder}/index.ts`,
      types: `./dist/${folder}/index.d.ts`,
      default: `./dist/${folder}/index.js`,
    });
  expect(Object.keys(exports).length).toBe(folders.length + 2);
});

describe.each(folders)('@hybridmed/kernels/%s', (folder) => {
  test('is the kernel of the main entry', async () => {
    const entry = (await import(join(sources, folder, 'index.ts'))) as Readonly<Record<string, unknown>>;
    expect(entry[nameOf(folder)]).toBe(kernels[nameOf(folder) as keyof typeof kernels]);
  });

  // A convolution is a product of patches in most tiers, and brings the products along.
  const most = folder === 'convolution' ? 25_000 : 15_000;
  test(`bundles to at most ${most / 1000} kB`, async () => {
    const size = await bundledSize(folder, `import { ${nameOf(folder)} as kept } from '@hybridmed/kernels/${folder}';`);
    expect(size).toBeGreaterThan(500);
    expect(size).toBeLessThanOrEqual(most);
  });
});
