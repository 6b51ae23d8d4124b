// The GPU report: parts share the time and fail alone, bars follow from rows, the page takes names as text, and errors say what to do.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { MatmulProblem } from '@hybridmed/kernels';
import { everyAdapter, kernels } from '@hybridmed/kernels';
import { afterAll, expect, test } from 'vitest';
import type { Row } from '../harness/row.ts';
import { sampledError } from '../kernels/sampled-error.ts';
import { barLine, barsOf } from './bars.ts';
import { productNames } from './large-cases.ts';
import { renderReport } from './page.ts';
import type { Part, PartReport } from './part.ts';
import { runParts, secondsLeft } from './part.ts';
import { parts, totalSeconds } from './parts.ts';
import { stepName } from './pytorch.ts';
import type { GpuDocument } from './report.ts';

const folder = mkdtempSync(join(tmpdir(), 'hybridmed-gpu-report-'));
afterAll(() => rmSync(folder, { recursive: true }));

const context = {
  device: 'swiftshader',
  adapter: 'here',
  software: false,
  capabilities: everyAdapter,
  roofline: { gflops: 100, gbps: 10 },
  quick: false,
  python: 'python3',
  say: () => undefined,
} as const;
const row = (kernel: string, name: string, engine: string, ms: number, gflops = 0): Row => ({
  suite: 'gpu',
  kernel,
  case: name,
  pass: 'forward',
  adapter: 'here',
  engine,
  ms,
  samples: [ms],
  clock: 'host',
  gflops,
  gbps: 0,
  rooflinePercent: 0,
  error: null,
  bound: 0,
  ok: true,
});
const reportOf = (rows: Row[]): PartReport => ({
  name: 'a',
  title: 'A <part>',
  status: 'done',
  seconds: 1,
  rows,
  tables: [],
  absent: [],
  notes: ['a & b'],
  skipped: ['<img src=x>'],
  wrong: [],
});

test.each([0, 1])('what the parts are promised fits into five minutes, with time to open the adapter (%i)', (kind) => {
  expect(parts.reduce((sum, { seconds }) => sum + seconds[kind]!, 0)).toBeLessThan(totalSeconds - 10);
});

test('a part that fails keeps what it measured and stops no other; time left over goes to later parts; late parts are skipped', async () => {
  const lefts: number[] = [];
  const part = (name: string, seconds: number, run: Part['run']): Part => ({ name, title: name, seconds: [seconds, 0], run });
  const chosen = [
    part('fails', 2, async (_, { rows }) => {
      rows.push(row('map', 'x', 'hybridmed', 1));
      throw new Error('lost');
    }),
    part('second', 3, async (own) => void lefts.push(secondsLeft(own))),
    part('long', 1e4, async () => undefined),
  ];
  const reports = await runParts(chosen, performance.now() + 1e7 + 8000, context);
  expect(reports.map(({ status, reason }) => [status, reason])).toEqual([
    ['failed', 'lost'],
    ['done', undefined],
    ['done', undefined],
  ]);
  expect(reports[0]!.rows).toHaveLength(1);
  expect(lefts[0]).toBeGreaterThan(7);
  const late = await runParts(chosen, performance.now() + 1000, context);
  expect(late.map(({ status }) => status)).toEqual(['skipped', 'skipped', 'skipped']);
  const quick = await runParts(chosen, performance.now() + 1e7, { ...context, quick: true });
  expect(quick[0]).toMatchObject({ status: 'skipped', reason: 'not part of a quick report' });
});

test('bars are met, missed or not measured, and say why', () => {
  const names = productNames(false);
  const rows = [
    row('matmul', names.f32, 'hybridmed', 1, 71),
    row('matmul', names.matrix, 'hybridmed', 10),
    row('matmul', names.f16, 'pytorch', 4),
    row('train-step', stepName('small', 'f32'), 'hybridmed', 10),
    row('train-step', stepName('small', 'f32'), 'pytorch', 8),
    row('train-step', stepName('paper', 'f32'), 'hybridmed', 10),
  ];
  const bars = barsOf([reportOf(rows)], context.roofline, context);
  expect(bars.map(({ verdict, value }) => [verdict, value])).toEqual([
    ['met', 71],
    ['missed', 40],
    ['met', 0.8],
    ['not measured', null],
    ['not measured', null],
    ['not measured', null],
    ['not measured', null],
    ['not measured', null],
  ]);
  expect(barLine(bars[0]!)).toBe('met           f32 matmul, of the measured peak: 71 % (bar: at least 70 %)');
  expect(barLine(bars[6]!)).toContain("step of paper, f32, of PyTorch's speed: no time of PyTorch (bar: at least 0.70 times)");
  const software = barsOf([reportOf(rows)], context.roofline, { ...context, software: true });
  expect(new Set(software.map(({ verdict, reason }) => `${verdict}: ${reason}`))).toEqual(new Set(['not measured: the adapter runs on the processor']));
});

test('the page says how the peak was found, loads nothing, and takes names as text', () => {
  const document = {
    suite: 'gpu',
    date: '2026-01-01',
    processor: 'p',
    cores: 2,
    node: 'v20',
    quick: true,
    adapter: 'a <b>',
    software: true,
    seconds: 9,
    capabilities: everyAdapter,
    roofline: context.roofline,
    peak: 'by a kernel',
    bars: barsOf([], context.roofline, context),
    rows: [],
    absent: [],
    parts: [reportOf([row('map', '<script>', 'hybridmed', 1, 5)])],
  } as const satisfies GpuDocument;
  const page = renderReport(document);
  for (const text of ['a &lt;b&gt;', 'by a kernel', '&lt;img src=x&gt;', '&lt;script&gt;', 'not measured', 'A &lt;part&gt;', 'no subgroup matrix'])
    expect(page).toContain(text);
  expect(page).not.toMatch(/<script|<img|(src|href)="(?!#)/);
});

test('a few rows of a product show an error, whichever way A lies', () => {
  const problem: MatmulProblem = { m: 9, n: 4, k: 3, transposeA: true, transposeB: false, lead: [], leadA: [], leadB: [] };
  const [a, b] = [27, 12].map((length) => Float32Array.from({ length }, (_, i) => Math.sin(i)));
  for (const transposeA of [true, false]) {
    const [y] = kernels.matmul.reference({ ...problem, transposeA }, [a!, b!]);
    expect(sampledError({ ...problem, transposeA }, [a!, b!], y!)).toBe(0);
    y![8 * 4]! += 1;
    expect(sampledError({ ...problem, transposeA }, [a!, b!], y!)).toBeGreaterThan(0.05);
  }
});

const run = (...options: string[]) =>
  spawnSync(process.execPath, [fileURLToPath(new URL('../run.mjs', import.meta.url)), 'gpu', ...options], { encoding: 'utf8' });

test.each([
  [['--device', 'swiftshader'], 1, "which runs on the processor; install the GPU's Vulkan driver, or give --quick"],
  [['--parts', 'all'], 2, '--parts takes some of correctness,'],
  [['--seconds', '900'], 2, '--seconds takes at most 300, not 900'],
])('%j is answered in one line', (options, code, message) => {
  const { status, stdout, stderr } = run(...options);
  expect({ status, stdout }).toEqual({ status: code, stdout: '' });
  expect(stderr).toContain(message);
});

test('a quick part runs on the software adapter: a document, a page, and a line for each bar', () => {
  const out = join(folder, 'report');
  const { status, stdout } = run('--quick', '--device', 'swiftshader', '--parts', 'matmul', '--out', out);
  expect(status).toBe(0);
  expect(stdout.match(/^not measured {2}/gm)).toHaveLength(8);
  expect(stdout).toContain('the adapter offers no subgroup matrix');
  const { rows } = JSON.parse(readFileSync(`${out}.json`, 'utf8')) as GpuDocument;
  expect(rows[0]).toMatchObject({ kernel: 'matmul', case: productNames(true).f32, ok: true });
  expect(readFileSync(`${out}.html`, 'utf8')).toContain('independent f32 multiply-adds');
});
