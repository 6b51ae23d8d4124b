import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { withResults } from './readme-results.ts';
import { casesWithoutPeer, webgpuRows } from './readme-webgpu.ts';

test("the README's figures are those of benchmarks/results (write them with: npx tsx tools/readme-results.ts)", () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  // A block without rows would be a promise without a figure.
  expect(readme.match(/<!-- results: [\w-]+ -->\n\|/g)?.length).toBeGreaterThanOrEqual(6);
  expect(withResults(readme)).toBe(readme);
});

test('the table of engines says how many cases a mean is over, and names those that no other engine has right', () => {
  const line = { kernel: 'softmax', pass: 'forward', worst: 2 };
  const row = (engine: string, name: string, ok = true) => ({ engine, kernel: 'softmax', case: name, pass: 'forward' as const, ok });
  const run = {
    date: '',
    adapter: '',
    summary: [
      { ...line, peer: 'tfjs', cases: 1, speedup: 3 },
      { ...line, peer: 'jax-js', cases: 2, speedup: 4 },
      { ...line, peer: 'best', cases: 2, speedup: 2.5 },
    ],
    rows: [row('hybridmed', 'a'), row('jax-js', 'a'), row('hybridmed', 'b'), row('jax-js', 'b', false)],
  };
  expect(webgpuRows(run)).toEqual([['softmax, forward', '2', '', '4.00', '3.00 (1 of 2)', '2.50 (2.00)']]);
  expect(casesWithoutPeer(run)).toEqual(['softmax: b, forward']);
});
