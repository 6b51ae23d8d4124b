// ONNX Runtime 1.29 and later report on their use unless disabled, and die of a long command line while doing so.
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';

const index = JSON.stringify(new URL('../src/index.ts', import.meta.url).href);

/** Runs a program on the CPU device in a process of its own, with a word after it. */
function runWith(word: string, environment: NodeJS.ProcessEnv) {
  const script = `
    const { cpuDevice } = await import(${index});
    const { ops, trace } = await import('@hybridmed/tensor');
    const graph = trace({ data: { x: { shape: [2], dtype: 'f32' } } }, ({ x }) => ({ results: { y: ops.mul(x, 2) } }));
    const device = cpuDevice({ threads: 1 });
    const program = await device.compile(graph);
    const { y } = await program.run({ x: { data: Float32Array.of(1, 2), shape: [2] } }, device.createState({}));
    console.log(process.env.ORT_DISABLE_TELEMETRY, [...y.data].join());`;
  const node = ['--conditions=hybridmed-source', '--import', 'tsx', '--input-type=module', '--eval', script];
  return spawnSync(process.execPath, [...node, '--', word], { encoding: 'utf8', env: environment });
}

test('a command line of 100,000 characters computes as a short one does, and nothing is reported', () => {
  const { ORT_DISABLE_TELEMETRY: _, ...environment } = process.env;
  const { stdout, stderr, signal } = runWith('heart '.repeat(16_000), environment);
  expect(signal, stderr).toBe(null);
  expect(stdout.trim()).toBe('1 2,4');
});

test("the user's own choice is kept", () => {
  expect(runWith('short', { ...process.env, ORT_DISABLE_TELEMETRY: 'true' }).stdout.trim()).toBe('true 2,4');
});
