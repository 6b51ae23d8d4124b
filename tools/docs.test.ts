import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { publicEntries } from './docs/entries.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string) => JSON.parse(readFileSync(join(root, path), 'utf8'));

test('the API reference documents every entry that a package exports, each with a sentence', () => {
  const entries = publicEntries(root);
  const packages = readdirSync(join(root, 'packages')).filter((name) => existsSync(join(root, 'packages', name, 'package.json')));
  for (const name of packages) {
    const { name: specifier, exports } = read(`packages/${name}/package.json`);
    // Data files are exported under their names, with an extension.
    const expected = Object.keys(exports)
      .filter((path) => !path.endsWith('.json'))
      .map((path) => `${specifier}${path.slice(1)}`);
    expect(entries.filter(({ file }) => relative(root, file).startsWith(join('packages', name, 'src'))).map((entry) => entry.specifier)).toEqual(expected);
  }
  expect(entries.filter(({ summary }) => !/\w.*\.$/.test(summary)).map(({ specifier }) => specifier)).toEqual([]);
});

test('the compiler that typedoc needs stays in its workspace', () => {
  expect(read('package.json').devDependencies.typescript).toMatch(/^7\./);
  expect(read('tools/docs/package.json').devDependencies.typescript).toMatch(/^6\./);
  const { packages } = read('package-lock.json') as { packages: Record<string, { version?: string }> };
  expect(packages['node_modules/typescript']?.version).toMatch(/^7\./);
  expect(packages['tools/docs/node_modules/typescript']?.version).toMatch(/^6\./);
});
