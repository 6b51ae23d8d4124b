// The benchmarks' command line: one document with --json, exit 2 and the usage for wrong use.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const run = (...options: string[]) => spawnSync(process.execPath, [fileURLToPath(new URL('run.mjs', import.meta.url)), ...options], { encoding: 'utf8' });

test('a train-step run prints one JSON document and nothing else', () => {
  const { status, stdout, stderr } = run('train-step', '--preset', 'small', '--steps', '1', '--json');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const document = JSON.parse(stdout) as Record<string, unknown>;
  expect(document).toMatchObject({ preset: 'small', device: expect.stringContaining('ONNX Runtime'), threads: expect.any(Number) });
  expect(document.studiesPerSecond).toBeGreaterThan(0);
  expect(document.peakMiB).toBeGreaterThan(100);
});

test.each([
  [['nothing'], 'there is no suite "nothing"'],
  [['train-step', '--preset', 'huge'], '--preset is one of small, medium, paper'],
  [['train-step', '--steps', '0'], '--steps needs a whole number'],
  [['train-step', '--pytorch', 'python3'], '--pytorch and --reference go together'],
])('%j is wrong use', (options, message) => {
  const { status, stdout, stderr } = run(...options);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toContain(message);
});

test('--help lists the suites', () => {
  const { status, stdout } = run('--help');
  expect(status).toBe(0);
  expect(stdout).toContain('train-step');
});
