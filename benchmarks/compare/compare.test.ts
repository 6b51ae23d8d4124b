// Comparing runs, and the page of charts: slower is slower beyond noise only, and what files hold is never code.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import type { Row } from '../harness/row.ts';
import { renderPage } from '../page/render.ts';
import { compareRows } from './compare.ts';

const folder = mkdtempSync(join(tmpdir(), 'hybridmed-compare-'));
afterAll(() => rmSync(folder, { recursive: true }));

const row = (name: string, samples: readonly number[], more: Partial<Row> = {}): Row => ({
  suite: 'kernels',
  kernel: 'matmul',
  case: name,
  pass: 'forward',
  adapter: 'here',
  engine: 'hybridmed',
  ms: samples.toSorted((a, b) => a - b)[Math.floor(samples.length / 2)]!,
  samples,
  clock: 'host',
  gflops: 1,
  gbps: 1,
  rooflinePercent: 50,
  error: 0,
  bound: 1,
  ok: true,
  ...more,
});
const verdicts = (before: Row[], after: Row[]) => compareRows(before, after).map(({ verdict }) => verdict);

describe('verdicts', () => {
  test.each([
    ['slower', [10, 10.1, 10.2], [12, 12.1, 12.2]],
    ['faster', [10, 10.1, 10.2], [8, 8.1, 8.2]],
    ['same', [10, 10.1, 10.2], [10.3, 10.4, 10.5]],
    ['unclear', [10, 10.1, 13], [12, 12.1, 12.2]],
    ['unclear', [10, 11, 12, 13], [10, 11.1, 12.1, 13]],
    ['unclear', [10], [12]],
    ['same', [10, 10, 10, 10, 14], [10.1, 10.1, 10.2, 10.2, 10.2]],
  ] as const)('%s: %j, then %j', (verdict, a, b) => {
    expect(verdicts([row('a', a)], [row('a', b)])).toEqual([verdict]);
  });

  test('a case that became wrong is wrong, however fast; other adapters are other cases', () => {
    expect(verdicts([row('a', [10])], [row('a', [1], { ok: false })])).toEqual(['now wrong']);
    expect(verdicts([row('a', [10])], [row('a', [1], { adapter: 'there' })])).toEqual(['gone', 'new']);
  });
});

const run = (...options: string[]) => spawnSync(process.execPath, [fileURLToPath(new URL('../run.mjs', import.meta.url)), ...options], { encoding: 'utf8' });
const file = (name: string, content: unknown) => {
  const path = join(folder, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
};

test('the command says which cases got slower, and ends with 1', () => {
  const a = file('a.json', { rows: [row('one', [10, 11, 12]), row('two', [5, 5, 5])] });
  const b = file('b.json', { rows: [row('one', [20, 21, 22]), row('two', [5, 5, 5])] });
  const slower = run('compare', a, b);
  expect(slower.status).toBe(1);
  expect(slower.stdout).toMatch(/^slower +matmul: one .*1\.91 times the time/);
  expect(slower.stdout).toContain('2 cases compared: 1 slower, 0 faster, 1 the same, 0 unclear');
  const c = file('c.json', { rows: [row('one', [10, 14, 20]), row('two', [5, 5, 5])] });
  expect(run('compare', a, c).stdout).toMatch(
    /^unclear +matmul: one .*\(medians differ, but samples overlap: the samples after spread over 36 % of their median\)/,
  );
  const same = run('compare', a, a, '--json');
  expect(same.status).toBe(0);
  expect((JSON.parse(same.stdout) as { comparisons: object[] }).comparisons).toHaveLength(2);
});

test.each([
  [['compare'], 2, 'give two files'],
  [['page'], 2, 'give at least one JSON file'],
  [['compare', file('bad.json', '{'), file('bad2.json', '{')], 1, 'bad.json: is not JSON; give a file that a suite wrote'],
  [['page', file('other.json', { rows: [{}] })], 1, 'other.json: has no rows of cases'],
  [['compare', file('x.json', { rows: [row('a', [1])] }), file('y.json', { rows: [row('b', [1])] })], 1, 'the files share no case'],
])('%j is answered in one line', (options, code, message) => {
  const { status, stdout, stderr } = run(...options);
  expect({ status, stdout }).toEqual({ status: code, stdout: '' });
  expect(stderr).toContain(message);
});

test('a page holds every case, loads nothing, and takes names as text', () => {
  const rows = [row('<img src=x onerror=alert(1)>', [10]), row('b', [3], { engine: 'tfjs' }), row('b', [1]), row('c', [2], { ok: false, error: 0.5 })];
  const page = renderPage([
    { suite: 'peers', adapter: 'a & b', rows, absent: [{ engine: 'tfjs', kernel: 'map', case: 'x', pass: 'forward', reason: 'none' }] },
  ]);
  expect(page).not.toContain('<img');
  expect(page).toContain('&lt;img src=x onerror=alert(1)&gt;');
  expect(page).toContain('a &amp; b');
  expect(page).not.toMatch(/(src|href)="(?!#)/);
  expect(page).toContain('wrong: error 5.0e-1');
  expect(page).toContain('tfjs: none');
  expect(page).toContain('width:33.3%');
});
