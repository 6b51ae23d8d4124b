import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { documents, sections, withResults } from './results.ts';
import { casesWithoutPeer, webgpuRows } from './results-webgpu.ts';

const texts = documents.map((name) => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8'));

test.each(documents)('figures of %s are those of benchmarks/results (write them with: npx tsx tools/results.ts)', (name) => {
  const text = texts[documents.indexOf(name)]!;
  expect(withResults(text)).toBe(text);
});

test('every table has rows, and its place in one document', () => {
  // A heading row, a rule, and a figure: a table without rows would be a promise without one.
  const written = texts.flatMap((text) => [...text.matchAll(/<!-- results: ([\w-]+) -->\n\|.*\n\|.*\n\|/g)].map(([, name]) => name!));
  expect(written.toSorted()).toEqual(Object.keys(sections).toSorted());
});

test('the table of engines says how many cases a mean is over, and names those that no other engine has right', () => {
  const line = { kernel: 'softmax', pass: 'forward', worst: 2 };
  const row = (engine: string, name: string, ok = true) => ({ engine, kernel: 'softmax', case: name, pass: 'forward' as const, ok, ms: 1 });
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
