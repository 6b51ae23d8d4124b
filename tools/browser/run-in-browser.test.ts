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

test('in the browser measured variants are kept in IndexedDB: a second device measures nothing and computes the same bits', async () => {
  const result = await runInBrowser<{ measured: string[]; again: string[]; classes: string[] }>(page('tuning'));
  expect(result).toMatchObject({ again: [], sameTable: true, sameBits: true, databases: ['hybridmed'] });
  expect(result.measured).toEqual([expect.stringMatching(/^tuning: [01] of 1 shape classes measured in \d+\.\d s/)]);
  expect(result.classes).toEqual(['matmul nn f32 f32 f32 1x64qx32qx64q']);
});
