import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { anchorsOf, brokenLinks, documentsOf, linksOf } from './links.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const documents = documentsOf(root);

test.each(documents)('relative links and anchors of %s lead somewhere', (path) => {
  expect(brokenLinks(root, path, readFileSync(join(root, path), 'utf8'))).toEqual([]);
});

test('documents are found in every place that has them', () => {
  for (const path of ['README.md', 'benchmarks/README.md', 'docs/data/README.md', 'examples/README.md', 'packages/tensor/README.md'])
    expect(documents).toContain(path);
  expect(documents.filter((path) => path.includes('node_modules'))).toEqual([]);
});

describe('reading of Markdown', () => {
  test('links stand outside of code, with a title, in brackets or as HTML', () => {
    const text =
      '[a](one.md) `[b](two.md)` ![c](three.png "title") [d](<four.md>)\n```\n[e](five.md)\n```\n[f]: six.md\n<img src="seven.png">\n[[g]](eight.md)';
    expect(linksOf(text).toSorted()).toEqual(['eight.md', 'four.md', 'one.md', 'seven.png', 'six.md', 'three.png']);
  });

  test('anchors are those of GitHub', () => {
    expect(anchorsOf('# Adding an op\n## `probe` and `finetune`\n## A.b: c?\n```\n# no heading\n```\n## A.b: c?\n## [Link](x.md) text\n')).toEqual([
      'adding-an-op',
      'probe-and-finetune',
      'ab-c',
      'ab-c-1',
      'link-text',
    ]);
  });

  test('what leads nowhere is named', () => {
    const wrong = (text: string) => brokenLinks(root, 'docs/tasks.md', text);
    expect(wrong('[a](nothing.md)')).toEqual(['docs/tasks.md: nothing.md does not exist']);
    expect(wrong('[a](../../x.md)')).toEqual(['docs/tasks.md: ../../x.md leads out of the repository']);
    expect(wrong('# Here\n[a](#here) [b](#there)')).toEqual(['docs/tasks.md: #there: docs/tasks.md has no such heading']);
    expect(wrong('[a](data/README.md#labels) [b](data/README.md#nothing) [c](https://arxiv.org)')).toEqual([
      'docs/tasks.md: data/README.md#nothing: docs/data/README.md has no such heading',
    ]);
    expect(wrong('[a](../package.json#L3)')).toEqual(['docs/tasks.md: ../package.json#L3 has an anchor, but is no document']);
  });
});
