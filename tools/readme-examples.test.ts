import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
// Inside the repository, so that imports resolve as they do in a project that has installed the packages.
const cache = join(root, 'node_modules/.cache');
mkdirSync(cache, { recursive: true });
const folder = mkdtempSync(join(cache, 'readme-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const readmes = ['README.md', ...readdirSync(join(root, 'packages')).map((name) => `packages/${name}/README.md`)];

test.each(readmes)('the first example of %s runs as pasted', async (readme) => {
  const path = join(root, readme);
  expect(existsSync(path), `${readme} is missing`).toBe(true);
  const example = /```ts\n([\s\S]*?)```/.exec(readFileSync(path, 'utf8'))?.[1];
  expect(example, `${readme} has no example`).toBeDefined();
  const file = join(folder, `${readme.replaceAll('/', '-')}.mts`);
  writeFileSync(file, example!);
  await promisify(execFile)(process.execPath, ['--conditions=hybridmed-source', '--import', import.meta.resolve('tsx'), file], { cwd: folder });
});
