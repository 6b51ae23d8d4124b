// The peers suite without its peers: summaries, consistent inputs, and this project's own rows through the same processes.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { kernels } from '@hybridmed/kernels';
import { describe, expect, test } from 'vitest';
import type { Row } from '../harness/row.ts';
import { peerCases } from './cases.ts';
import { subtractForward } from './engines/subtract-forward.ts';
import { summarize } from './summary.ts';
import { consistentInputs } from './task.ts';

const run = (...options: string[]) =>
  spawnSync(process.execPath, [fileURLToPath(new URL('../run.mjs', import.meta.url)), 'peers', ...options], { encoding: 'utf8' });

const row = (engine: string, name: string, ms: number, ok = true): Row => ({
  suite: 'peers',
  kernel: 'matmul',
  case: name,
  pass: 'forward',
  adapter: 'here',
  engine,
  ms,
  samples: [ms],
  clock: 'host',
  gflops: 1,
  gbps: 1,
  rooflinePercent: 1,
  error: 0,
  bound: 1,
  ok,
});

describe('summaries', () => {
  test('are geometric means over the cases that both have right, and name the best peer of each case', () => {
    const rows = [
      row('hybridmed', 'a', 1),
      row('hybridmed', 'b', 1),
      row('tfjs', 'a', 2),
      row('tfjs', 'b', 8),
      row('jax-js', 'a', 4),
      row('jax-js', 'b', 0.1, false),
    ];
    expect(summarize(rows)).toEqual([
      { kernel: 'matmul', pass: 'forward', peer: 'tfjs', cases: 2, speedup: 4, worst: 2 },
      { kernel: 'matmul', pass: 'forward', peer: 'jax-js', cases: 1, speedup: 4, worst: 4 },
      { kernel: 'matmul', pass: 'forward', peer: 'best', cases: 2, speedup: 4, worst: 2 },
    ]);
  });

  test('a wrong row of ours is never fast', () => {
    expect(summarize([row('hybridmed', 'a', 1, false), row('tfjs', 'a', 2)])).toEqual([]);
  });
});

test('a gradient that computes the forward pass again counts without it, but never for nothing', async () => {
  const time = subtractForward(
    async (times) => times * 50,
    async (times) => times * 20,
  );
  expect(await time(2)).toBeCloseTo(60);
  const noisy = subtractForward(
    async (times) => times * 50,
    async (times) => times * 60,
  );
  expect(await noisy(1)).toBeCloseTo(5);
});

test('saved values of gradients are those of the forward pass', () => {
  const problem = { of: 'gradient', rows: 2, width: 3 } as const;
  const logits = Float32Array.of(1, 2, 3, 0, 0, 0);
  const [, , lse] = consistentInputs(kernels.crossEntropy as never, problem, [logits, Int32Array.of(0, 2), new Float32Array(2), Float32Array.of(1, 1)]);
  expect(lse![1]).toBeCloseTo(Math.log(3), 6);
});

test('the small ViT is a case in addition to the kernels', () => {
  expect(peerCases('vit-step').map(({ kernel, pass }) => ({ kernel, pass }))).toEqual([{ kernel: 'vit-step', pass: 'backward' }]);
  expect(peerCases('').length).toBeGreaterThan(50);
});

test('rows come through the engine processes as one document', () => {
  const { status, stdout } = run('--filter', 'decoder, 384x384, forward', '--engines', 'hybridmed', '--seconds', '0.01', '--json');
  expect(status).toBe(0);
  const document = JSON.parse(stdout) as { rows: Row[]; absent: object[]; versions: Record<string, string> };
  expect(document.rows).toMatchObject([{ suite: 'peers', kernel: 'layer-norm', pass: 'forward', engine: 'hybridmed', clock: 'host', ok: true }]);
  expect(document.absent).toEqual([]);
  expect(document.versions).toEqual({ onnxruntime: '1.30.0', 'jax-js': '0.1.25', tfjs: '4.22.0' });
});

test.each([
  [['--engines', 'torch'], '--engines takes some of hybridmed,onnxruntime,jax-js,tfjs, not "torch"'],
  [['--device', 'gpu'], '--device is one of auto'],
  [['--filter', 'nothing like this'], 'no case has "nothing like this" in its name'],
])('%j is a usage error', (options, message) => {
  const { status, stdout, stderr } = run(...options);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toContain(message);
});
