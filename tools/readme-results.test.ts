import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { withResults } from './readme-results.ts';

test("the README's figures are those of benchmarks/results (write them with: npx tsx tools/readme-results.ts)", () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  // A block without rows would be a promise without a figure.
  expect(readme.match(/<!-- results: [\w-]+ -->\n\|/g)?.length).toBeGreaterThanOrEqual(6);
  expect(withResults(readme)).toBe(readme);
});
