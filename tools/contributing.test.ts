// Holds the table "Where to add what" of CONTRIBUTING.md: it names every source that names its example, and counts them. (tools/links.test.ts
// holds that what it names exists.)
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { linksOf } from './links.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** How sources name each example where they register, compute or choose it, rather than use it. */
const marks: Readonly<Record<string, RegExp>> = {
  erf: /\berf:|'erf'|const erf\b|^export \{.*\berf\b/,
  logSoftmax: /\blogSoftmax:|'logSoftmax'|const logSoftmax\b|^export \{.*\blogSoftmax\b/,
  argmax: /kernels\.argmax\b|\/argmax\/|name: 'argmax'/,
  sg: /'sg'|\bsg:|no-sg\b|\bsg\.|\bpairwiseContrast\b/,
  r2gen: /r2gen/i,
  resnet: /\bresnet\b|ResNetConfig|resnetRow/,
  embed: /\bembed\b.*defineCommand|commands\/embed\b/,
  checkpointEvery: /\bcheckpointEvery\b/,
  gpujs: /'gpujs'|\bgpujsDevice\b/,
};

interface Row {
  readonly add: string;
  readonly example: string;
  readonly files: string;
  readonly links: readonly string[];
}

const text = readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8');
const rows: readonly Row[] = [...text.matchAll(/^\| ([^|]+) \| `(\w+)` \| ([^|]+) \| (.+) \|$/gm)].map(([, add, example, files, touch]) => ({
  add: add!,
  example: example!,
  files: files!,
  links: linksOf(touch!),
}));

const isFolder = (path: string): boolean => statSync(join(root, path)).isDirectory();

/** Sources of all packages with their lines that are no comments. */
const sources = readdirSync(join(root, 'packages')).flatMap((name) =>
  readdirSync(join(root, 'packages', name, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      const lines = readFileSync(path, 'utf8').split('\n');
      return { path: relative(root, path), lines: lines.filter((line) => !/^\s*(\/\/|\/?\*)/.test(line)) };
    }),
);

test('the table has a row for each example', () => {
  expect(rows.map(({ example }) => example)).toEqual(Object.keys(marks));
});

describe.each(rows)('to add $add', ({ example, files, links }) => {
  test('the sources that name the example are those listed', () => {
    const naming = sources.filter(({ lines }) => lines.some((line) => marks[example]!.test(line))).map(({ path }) => path);
    expect(naming.length).toBeGreaterThan(0);
    const listed = (path: string) => links.some((link) => path === link || path.startsWith(`${link}/`));
    expect(naming.filter((path) => !listed(path))).toEqual([]);
    expect(links.filter((link) => /\/src\/.*\.ts$/.test(link) && !naming.includes(link))).toEqual([]);
  });

  test('the count is that of the files listed', () => {
    const folders = links.filter(isFolder).length;
    expect(files).toBe(`${new Set(links).size - folders}${folders > 0 ? ' + folder' : ''}`);
  });
});
