// The CPU device's contract: state, symbolic lengths, repeatability, errors, and memory that stays.
import { DeviceError, keyData, ops, trace } from '@hybridmed/tensor';
import { expect, test } from 'vitest';
import { cpu, greatestError, floats, mask, plain, scalar } from './support.ts';

const vector = { shape: [3], dtype: 'f32' } as const;

test('updates change entries, make new ones and change shapes', async () => {
  const graph = trace({ data: { x: { shape: ['N'], dtype: 'f32' } }, state: { total: { shape: [], dtype: 'f32' } } }, ({ x }, { total }) => ({
    results: { doubled: ops.mul(x!, 2) },
    updates: { total: ops.add(total!, ops.sum(x!)), last: x! },
  }));
  const state = cpu.createState({ total: scalar(1) });
  const program = await cpu.compile(graph);
  const { doubled } = await program.run({ x: { data: Float32Array.of(1, 2), shape: [2] } }, state);
  expect([...doubled!.data]).toEqual([2, 4]);
  await program.run({ x: { data: Float32Array.of(1, 2, 3), shape: [3] } }, state);
  expect(state.names().toSorted()).toEqual(['last', 'total']);
  const { total, last } = await state.read();
  expect([total!.data[0], [...last!.data], last!.shape]).toEqual([10, [1, 2, 3], [3]]);
});

test('the caller keeps the arrays it writes and owns those it reads', async () => {
  const mine = floats([3]);
  const state = cpu.createState({ x: mine });
  const { x } = await state.read(['x']);
  x!.data[0] = 99;
  mine.data[1] = 99;
  expect((await state.read(['x'])).x!.data).toEqual(floats([3]).data);
});

test('results of two runs are separate arrays', async () => {
  const program = await cpu.compile(trace({ data: { x: vector } }, ({ x }) => ({ results: { y: ops.exp(x!) } })));
  const first = await program.run({ x: floats([3]) });
  const kept = first.y!.data.slice();
  await program.run({ x: floats([3], 2) });
  expect(first.y!.data).toEqual(kept);
});

test('one program serves every length', async () => {
  const graph = trace(
    { data: { x: { shape: ['B', 'T', 8], dtype: 'f32' }, seen: { shape: ['B', 'T'], dtype: 'f32' }, key: { shape: [2], dtype: 'i32' } } },
    ({ x, seen, key }) => {
      const noise = ops.random(key!, x!.shape, 3);
      const out = ops.attention(x!, ops.add(x!, noise), x!, { heads: 2, causal: true, mask: seen! });
      return { results: { out, pooled: ops.mean(out, { axes: [1] }) } };
    },
  );
  const [ours, reference] = [await cpu.compile(graph), await plain.compile(graph)];
  for (const [b, t] of [
    [2, 3],
    [1, 7],
    [3, 1],
  ] as const) {
    const data = { x: floats([b, t, 8]), seen: mask([b, t]), key: keyData(5) };
    expect(greatestError(await ours.run(data), await reference.run(data))).toBeLessThan(2e-5);
  }
});

test('the same inputs give the same bits', async () => {
  const program = await cpu.compile(
    trace({ data: { x: { shape: ['N', 64], dtype: 'f32' } } }, ({ x }) => ({ results: { y: ops.matmul(x!, x!, { transposeA: true }) } })),
  );
  const data = { x: floats([501, 64]) };
  const first = await program.run(data);
  for (let i = 0; i < 5; i++) expect(await program.run(data)).toEqual(first);
});

test('a graph whose results are inputs or constants runs', async () => {
  const program = await cpu.compile(trace({ data: { x: vector } }, ({ x }) => ({ results: { same: x!, fixed: ops.full(2, [2]) } })));
  const { same, fixed } = await program.run({ x: floats([3]) });
  expect([same!.data, [...fixed!.data]]).toEqual([floats([3]).data, [2, 2]]);
});

test('errors name the input and the fix', async () => {
  const graph = trace({ data: { x: vector }, state: { total: vector } }, ({ x }, { total }) => ({ updates: { total: ops.add(total!, x!) } }));
  const program = await cpu.compile(graph);
  const state = cpu.createState({ total: floats([3]) });
  await expect(program.run({}, state)).rejects.toThrow('cpu: input "x" is missing');
  await expect(program.run({ x: floats([4]) }, state)).rejects.toThrow('input "x" has shape [4], needs [3]');
  await expect(program.run({ x: floats([3]) }, cpu.createState())).rejects.toThrow('state entry "total" is missing');
  await expect(program.run({ x: floats([3]) })).rejects.toBeInstanceOf(DeviceError);
  await expect(state.read(['other'])).rejects.toThrow('state has no entry "other"');
});

test('memory does not grow over a hundred steps', async () => {
  const square = { shape: [256, 256], dtype: 'f32' } as const;
  const program = await cpu.compile(
    trace(
      { data: { x: square, rate: { shape: [], dtype: 'f32' }, step: { shape: [], dtype: 'f32' } }, state: { w: square, m: square, v: square } },
      ({ x, rate, step }, { w, m, v }) => {
        const stepped = ops.adamW(
          { learningRate: rate!, step: step!, parameters: [w!], gradients: [ops.matmul(x!, w!)], firstMoments: [m!], secondMoments: [v!] },
          { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, decay: [false], maxNorm: 1, ceilings: [Infinity] },
        );
        return { results: { norm: stepped.gradientNorm }, updates: { w: stepped.parameters[0]!, m: stepped.firstMoments[0]!, v: stepped.secondMoments[0]! } };
      },
    ),
  );
  const zeros = { data: new Float32Array(256 * 256), shape: [256, 256] };
  const state = cpu.createState({ w: floats([256, 256]), m: zeros, v: zeros });
  const x = floats([256, 256]);
  const run = async (count: number) => {
    for (let step = 1; step <= count; step++) await program.run({ x, rate: scalar(1e-3), step: scalar(step) }, state);
    return process.memoryUsage();
  };
  const before = await run(50);
  const after = await run(100);
  // One leaked 256 KiB array per step would be 25 MiB.
  expect(after.rss - before.rss).toBeLessThan(12 * 2 ** 20);
  expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(2 ** 20);
});
