import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { runInBrowser } from './run-in-browser.ts';

const page = (name: string): string => fileURLToPath(new URL(`pages/${name}.ts`, import.meta.url));

test('a page computes on WebGPU, fetches files and hands back its result', async () => {
  const given = fileURLToPath(new URL('../../package.json', import.meta.url));
  const result = await runInBrowser<Record<string, unknown>>(page('adapter'), { files: { '/given.json': given } });
  expect(result).toMatchObject({ doubled: [2, 4, 6], architecture: 'swiftshader', traces: 'function' });
  expect(result['fetched']).toHaveProperty('workspaces');
});

test('an error in a page carries its own message and what it logged', async () => {
  await expect(runInBrowser(page('failing'))).rejects.toThrow(/on purpose[^]*log: before the failure/);
});

test('a page that reaches a node: module is not bundled', async () => {
  await expect(runInBrowser(page('reaches-node'))).rejects.toThrow(/reaches-node\.ts imports node:fs, which no browser has/);
});
