// Every environment variable that the packages read is in the table, and docs/environment.md is the table: `npx vitest run tools/environment.test.ts -u` writes it.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { launchers } from '../packages/ranks/src/mpi/launchers.ts';
import { environmentVariables } from '../packages/hybridmed/src/cli/environment.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Names that a source reads: `process.env.NAME`, `process.env['NAME']`, or a constant or list of names that it reads by. */
function namesIn(text: string): string[] {
  const direct = [...text.matchAll(/\benv(?:ironment)?\.([A-Z][A-Z0-9_]+)|\benv(?:ironment)?\[['"]([A-Z][A-Z0-9_]+)/g)].map(([, a, b]) => (a ?? b)!);
  const indirect = /\benv(?:ironment)?\[/.test(text) ? [...text.matchAll(/'((?:HYBRIDMED|XDG|VK|HF|ORT)_[A-Z0-9_]+)'/g)].map(([, name]) => name!) : [];
  const taken = [...text.matchAll(/\b(HF_[A-Z_]+): written/g)].map(([, name]) => name!);
  return [...direct, ...indirect, ...taken];
}

test('what is read is in the table', () => {
  const known = new Set(environmentVariables.map(({ name }) => name));
  const sourcesOf = (name: string): string[] =>
    readdirSync(join(root, 'packages', name, 'src'), { recursive: true, encoding: 'utf8' }).map((file) => join('packages', name, 'src', file));
  const files = readdirSync(join(root, 'packages'))
    .flatMap(sourcesOf)
    .filter((file) => file.endsWith('.ts') && !file.endsWith('cli/environment.ts'));
  const used = files.flatMap((file) => namesIn(readFileSync(join(root, file), 'utf8')).map((name) => `${name} (${file})`));
  expect(used.length).toBeGreaterThan(8);
  expect(used.filter((use) => !known.has(use.split(' ')[0]!))).toEqual([]);
});

test('docs/environment.md lists them', async () => {
  const cell = (text: string): string => text.replaceAll('|', '\\|');
  const lines = [
    '# Environment variables',
    '',
    'All of them may be left unset. `hybridmed doctor` shows which are set, and values only of those that hold no secret and no path.',
    '',
    '| variable | what it does |',
    '|---|---|',
    ...environmentVariables.map(({ name, help }) => `| \`${name}\` | ${cell(help)} |`),
    '',
    '## Launchers of ranks',
    '',
    'Set by what starts several processes; they say how many there are and which one this is.',
    '',
    '| launcher | variables |',
    '|---|---|',
    ...launchers.map(({ name, rank, size }) => `| ${cell(name)} | \`${rank}\`${size === undefined ? '' : `, \`${size}\``} |`),
    '',
  ];
  await expect(lines.join('\n')).toMatchFileSnapshot(join(root, 'docs/environment.md'));
});
