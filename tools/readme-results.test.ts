import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { withResults } from './readme-results.ts';

test("the README's figures are those of benchmarks/results (write them with: npx tsx tools/readme-results.ts)", () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  expect(readme.match(/<!-- results: \w+ -->/g)).toHaveLength(5);
  expect(withResults(readme)).toBe(readme);
});
