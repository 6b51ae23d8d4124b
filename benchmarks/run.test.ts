// The benchmarks' command line: one document with --json, exit 2 and the usage for a usage error.
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
  [['train-step', '--preset', 'huge'], '--preset is one of tiny, small, medium, paper'],
  [['train-step', '--steps', '0'], '--steps needs a whole number'],
  [['tables', '--images', '100'], '--images needs a whole number from 20,000 on'],
  [['train-step', '--pytorch', 'python3'], '--pytorch and --reference go together'],
])('%j is a usage error', (options, message) => {
  const { status, stdout, stderr } = run(...options);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toContain(message);
});

test('--help lists the suites', () => {
  const { status, stdout } = run('--help');
  expect(status).toBe(0);
  expect(stdout).toContain('train-step');
  // npm's own two lines are left out where it is silenced: so is made a file of one JSON document.
  const root = fileURLToPath(new URL('..', import.meta.url));
  expect(spawnSync('npm', ['run', '--silent', 'bench', '--', '--help'], { cwd: root, encoding: 'utf8', shell: process.platform === 'win32' }).stdout).toBe(
    stdout,
  );
});

test('a kernels run prints rows and nothing else', () => {
  const { status, stdout } = run('kernels', '--filter', 'layer-norm: 130x65', '--small', '--seconds', '0.01', '--json');
  expect(status).toBe(0);
  const { rows } = JSON.parse(stdout) as { rows: Record<string, unknown>[] };
  expect(rows.map((row) => row.pass)).toEqual(['forward', 'backward']);
  for (const row of rows)
    expect(row).toMatchObject({
      suite: 'kernels',
      kernel: 'layer-norm',
      engine: 'hybridmed',
      adapter: expect.any(String),
      ms: expect.any(Number),
      gflops: expect.any(Number),
      gbps: expect.any(Number),
      rooflinePercent: expect.any(Number),
      error: expect.any(Number),
      bound: 3e-6,
      ok: true,
    });
});

test.each([
  [['kernels', '--device', 'cpu'], '--device is one of auto, webgpu, hardware, software, lavapipe, swiftshader, not "cpu"'],
  [['kernels', '--filter', 'no such case'], 'no case has "no such case" in its name; kernels: adamw'],
  [['kernels', '--seconds', '0'], '--seconds needs a number above 0'],
  [['kernels', '--fast'], "Unknown option '--fast'"],
])('%j is a usage error of the kernels suite', (options, message) => {
  const { status, stdout, stderr } = run(...options);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toContain(message);
});
