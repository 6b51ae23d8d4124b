// AdamW over many tensors on the GPU: few dispatches, whatever the tensors' sizes and wherever their gradients lie.
import type { Graph, HostArrays, Tensor } from '@hybridmed/tensor';
import { array, ops, trace } from '@hybridmed/tensor';
import { DeviceLimitError } from '@hybridmed/webgpu';
import { nodeWebgpuDevice } from '@hybridmed/webgpu/node';
import { afterAll, describe, expect, test } from 'vitest';
import { floats, gpu, greatestError, plain, runOutOfMemory, scalar } from './support.ts';

afterAll(() => gpu.close());

const f32 = (shape: readonly number[]) => ({ shape, dtype: 'f32' as const });
const sizes = [1, 3, 63, 65, 0, 197, 1023, 2048, 2049, 7, 300, 5, 64, 2, 33, 9];
const names = sizes.map((_, i) => `p${i}`);
const prefixes = ['', 'm.', 'v.'] as const;

type Gradients = (entries: Readonly<Record<string, Tensor>>, x: Tensor) => readonly Tensor[];

/** One update; each parameter has its own decay, rate and ceiling. `more`: further entries of the state; `extra`: what else the graph gives. */
function updateGraph(
  gradientsOf: Gradients,
  more: Readonly<Record<string, ReturnType<typeof f32>>> = {},
  extra: (entries: Readonly<Record<string, Tensor>>) => Record<string, Tensor> = () => ({}),
): Graph {
  const state = { ...Object.fromEntries(names.flatMap((name, i) => prefixes.map((prefix) => [prefix + name, f32([sizes[i]!])]))), ...more };
  return trace({ data: { x: f32([]), rate: f32([]), step: f32([]) }, state }, ({ x, rate, step }, entries) => {
    const pick = (prefix: string) => names.map((name) => entries[prefix + name]!);
    const out = ops.adamW(
      { learningRate: rate!, step: step!, parameters: pick(''), gradients: gradientsOf(entries, x!), firstMoments: pick('m.'), secondMoments: pick('v.') },
      {
        beta1: 0.9,
        beta2: 0.999,
        epsilon: 1e-8,
        weightDecay: 0.1,
        decay: names.map((_, i) => i % 2 === 0),
        maxNorm: 0.5,
        ceilings: names.map((_, i) => (i % 5 === 4 ? 0.2 : Infinity)),
        rates: names.map((_, i) => 1 / (1 + (i % 3))),
      },
    );
    const updates = names.flatMap((name, i) => [
      [name, out.parameters[i]!] as const,
      [`m.${name}`, out.firstMoments[i]!] as const,
      [`v.${name}`, out.secondMoments[i]!] as const,
    ]);
    return { results: { norm: out.gradientNorm, ...extra(entries) }, updates: Object.fromEntries(updates) };
  });
}

const start = (more: HostArrays = {}): HostArrays => ({
  ...Object.fromEntries(
    names.flatMap((name, i) =>
      prefixes.map((prefix, k) => [prefix + name, k === 0 ? floats([sizes[i]!], i) : { data: new Float32Array(sizes[i]!), shape: [sizes[i]!] }]),
    ),
  ),
  ...more,
});
const data = (step: number): HostArrays => ({ x: scalar(0.1 * step), rate: scalar(0.01), step: scalar(step) });

/** Gradients that a step computes, in the arenas. */
const computed: Gradients = (entries, x) => names.map((name) => ops.mul(ops.exp(entries[name]!), ops.add(x, 1)));

/** Both devices' states after three steps, and how many dispatches of the optimizer a plan has. */
async function follow(graph: Graph, initial: HostArrays): Promise<void> {
  const states = [gpu, plain].map((device) => device.createState(initial));
  const [ours, reference] = await Promise.all([gpu.compile(graph), plain.compile(graph)]);
  for (let step = 1; step <= 3; step++)
    expect(greatestError(await ours!.run(data(step), states[0]), await reference!.run(data(step), states[1])), `step ${step}`).toBeLessThan(1e-5);
  expect(greatestError(await states[0]!.read(), await states[1]!.read())).toBeLessThan(1e-5);
}

describe('an update of many tensors', () => {
  test('follows the plain reference, odd sizes and empty ones', () => follow(updateGraph(computed), start()));

  test('takes a few dispatches, however many tensors there are', async () => {
    const { dispatches } = (await gpu.compile(updateGraph(computed))).summary({});
    // x + 1 and the gradients of the fifteen that are not empty; squares, the norm, factors, the update.
    expect(dispatches).toBe(1 + 15 + 4);
  });

  test('takes gradients that the state keeps', () => {
    const kept = Object.fromEntries(names.map((name, i) => [`g.${name}`, f32([sizes[i]!])]));
    const graph = updateGraph((entries) => names.map((name) => entries[`g.${name}`]!), kept);
    return follow(graph, start(Object.fromEntries(names.map((name, i) => [`g.${name}`, floats([sizes[i]!], 50 + i)]))));
  });

  test('takes one gradient for several tensors, and gradients that are parameters', () => {
    const graph = updateGraph((entries, x) => {
      const shared = ops.mul(x, ops.exp(entries['p2']!));
      return names.map((name, i) => (i === 2 ? shared : i === 3 ? ops.concat([shared, ops.full(1, [2])], 0) : entries[name]!));
    });
    return follow(graph, start());
  });

  test('leaves what is still read where it was', () =>
    follow(
      updateGraph(computed, {}, (entries) => ({ old: entries['p5']!, moment: entries['m.p7']! })),
      start(),
    ));

  test('leaves other programs, and writes, what they were: entries move, their values stay', async () => {
    const state = gpu.createState(start());
    const sum = await gpu.compile(
      trace({ data: {}, state: { p7: f32([2048]), p3: f32([65]) } }, (_, { p7, p3 }) => ({ results: { a: ops.sum(p7!), b: p3! } })),
    );
    const before = await sum.run({}, state);
    const update = await gpu.compile(updateGraph(computed));
    await update.run(data(1), state);
    const moved = await sum.run({}, state);
    expect(moved['a']!.data).not.toEqual(before['a']!.data);
    const values = await state.read();
    expect(moved['b']!.data).toEqual(values['p3']!.data);
    // Written anew, taken away and given again, in other shapes between: what counts is what is there.
    state.write({ p3: array([1, 2]), p7: floats([2048], 99) });
    expect((await state.read(['p2']))['p2']).toEqual(values['p2']);
    state.drop(['p0']);
    expect(state.names()).not.toContain('p0');
    const fresh = { ...start(), ...(await state.read(['p7'])) };
    state.write(fresh);
    const own = gpu.createState(fresh);
    await Promise.all([update.run(data(1), state), update.run(data(1), own)]);
    expect(await state.read(['p7', 'p3', 'p0', 'm.p7'])).toEqual(await own.read(['p7', 'p3', 'p0', 'm.p7']));
  });

  test('memory that runs out for it names the entries, which stay what they were', async () => {
    const device = await nodeWebgpuDevice();
    const state = device.createState(start());
    const program = await device.compile(updateGraph(computed));
    runOutOfMemory(device, 'packed into one buffer');
    const error = await program.run(data(1), state).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(DeviceLimitError);
    expect((error as Error).message).toMatch(
      /^webgpu: 15 state entries from "p0" on, packed into one buffer, needs? \d+ bytes, more than the adapter's memory holds/,
    );
    expect(await state.read()).toEqual(start());
    await program.run(data(1), state);
    const own = gpu.createState(start());
    await (await gpu.compile(updateGraph(computed))).run(data(1), own);
    expect(await state.read()).toEqual(await own.read());
    await device.close();
  });
});
