// The optimizer in WebAssembly: the same numbers as AdamW's definition on the plain reference, in place, whoever writes the state between steps.
import { cpuDevice } from '@hybridmed/onnx';
import type { DeviceState, Graph, HostArray, HostArrays, Program, Tensor } from '@hybridmed/tensor';
import { grad, ops, sizeOf, trace } from '@hybridmed/tensor';
import { expect, test } from 'vitest';
import { cpu, greatestError, floats, ids, plain, scalar } from './support.ts';

const vocabulary = 11;
const shapes = { table: [vocabulary, 6], weight: [6, 5], bias: [5], gain: [] } as const;
type Name = keyof typeof shapes;
const names = Object.keys(shapes) as Name[];

/** A step of a little classifier over word ids: a tied table (looked up twice, and read as a matrix), and a parameter with a ceiling. */
function stepGraph(maxNorm: number, extra: (gradients: readonly Tensor[]) => Record<string, Tensor> = () => ({}), suffix = ''): Graph {
  const [m, v] = [`.m${suffix}`, `.v${suffix}`];
  const specs = Object.fromEntries(names.flatMap((name) => [name, name + m, name + v].map((entry) => [entry, { shape: shapes[name], dtype: 'f32' as const }])));
  const word = { shape: ['N'], dtype: 'i32' } as const;
  return trace(
    { data: { words: word, others: word, target: word, learning_rate: { shape: [], dtype: 'f32' }, step: { shape: [], dtype: 'f32' } }, state: specs },
    (data, state) => {
      const [table, weight, bias, gain] = names.map((name) => state[name]!) as [Tensor, Tensor, Tensor, Tensor];
      const hidden = ops.gelu(ops.add(ops.matmul(ops.add(ops.gather(table, data.words!), ops.mul(ops.gather(table, data.others!), 0.5)), weight), bias));
      const logits = ops.mul(ops.matmul(ops.matmul(hidden, weight, { transposeB: true }), table, { transposeB: true }), ops.exp(gain));
      const loss = ops.mean(ops.crossEntropy(logits, data.target!));
      const gradients = grad(
        loss,
        names.map((name) => state[name]!),
      );
      const stepped = ops.adamW(
        {
          learningRate: data.learning_rate!,
          step: data.step!,
          parameters: names.map((name) => state[name]!),
          gradients,
          firstMoments: names.map((name) => state[name + m]!),
          secondMoments: names.map((name) => state[name + v]!),
        },
        {
          beta1: 0.9,
          beta2: 0.999,
          epsilon: 1e-8,
          weightDecay: 0.1,
          decay: [true, true, false, false],
          maxNorm,
          ceilings: [Infinity, Infinity, Infinity, -0.5],
          rates: [1, 0.3, 1, 2],
        },
      );
      const updates = Object.fromEntries(
        names.flatMap((name, i) => [
          [name, stepped.parameters[i]!],
          [name + m, stepped.firstMoments[i]!],
          [name + v, stepped.secondMoments[i]!],
        ]),
      );
      return { results: { loss, norm: stepped.gradientNorm }, updates: { ...updates, ...extra(gradients) } };
    },
  );
}

const initial: HostArrays = Object.fromEntries(
  names.flatMap((name, i) => {
    const zeros: HostArray = { data: new Float32Array(sizeOf(shapes[name])), shape: shapes[name] };
    return [
      [name, floats(shapes[name], i + 1)],
      [`${name}.m`, zeros],
      [`${name}.v`, zeros],
    ];
  }),
);
const batch = (step: number): HostArrays => ({
  words: ids([7], vocabulary, step),
  others: ids([7], vocabulary, step + 50),
  target: ids([7], vocabulary, step + 90),
  learning_rate: scalar(0.01),
  step: scalar(step),
});

async function train(program: Program, state: DeviceState, from: number, to: number): Promise<HostArrays[]> {
  const results: HostArrays[] = [];
  for (let step = from; step <= to; step++) results.push(await program.run(batch(step), state));
  return results;
}

test.each([0.1, Infinity])('five steps equal the definition, clipped at %s', async (maxNorm) => {
  const graph = stepGraph(maxNorm);
  const [ours, reference] = await Promise.all(
    [cpu, plain].map(async (device) => {
      const state = device.createState(initial);
      return { results: await train(await device.compile(graph), state, 1, 5), state: await state.read() };
    }),
  );
  expect(greatestError(ours!.state, reference!.state)).toBeLessThan(1e-5);
  ours!.results.forEach((results, i) => expect(greatestError(results, reference!.results[i]!)).toBeLessThan(1e-5));
  expect(initial.gain!.data[0]).toBeGreaterThan(-0.5);
  expect(ours!.state.gain!.data[0]).toBeLessThanOrEqual(-0.5);
});

test('a gradient that is also read elsewhere leaves AdamW the same', async () => {
  const state = cpu.createState(initial);
  await train(await cpu.compile(stepGraph(0.1, (gradients) => ({ 'seen.table': gradients[0]! }))), state, 1, 2);
  const other = cpu.createState(initial);
  await train(await cpu.compile(stepGraph(0.1)), other, 1, 2);
  expect(await state.read(names)).toEqual(await other.read(names));
  expect((await state.read(['seen.table']))['seen.table']!.shape).toEqual([vocabulary, 6]);
});

test('the same steps give the same bits, on any device object with as many threads', async () => {
  const graph = stepGraph(0.1);
  const runs = await Promise.all(
    [cpuDevice({ threads: 2 }), cpuDevice({ threads: 2 })].map(async (device) => {
      const state = device.createState(initial);
      await train(await device.compile(graph), state, 1, 4);
      return state.read();
    }),
  );
  expect(runs[0]).toEqual(runs[1]);
});

test('a run continues from what was read out of another, bit for bit', async () => {
  const program = await cpu.compile(stepGraph(0.1));
  const whole = cpu.createState(initial);
  await train(program, whole, 1, 6);
  const first = cpu.createState(initial);
  await train(program, first, 1, 3);
  const resumed = cpu.createState(await first.read());
  await train(program, resumed, 4, 6);
  expect(await resumed.read()).toEqual(await whole.read());
});

test('entries written or dropped between steps count in the next one', async () => {
  const program = await cpu.compile(stepGraph(0.1));
  const state = cpu.createState(initial);
  await train(program, state, 1, 3);
  state.drop(names.flatMap((name) => [`${name}.m`, `${name}.v`]));
  state.write(initial);
  const fresh = cpu.createState(initial);
  await train(program, state, 1, 2);
  await train(program, fresh, 1, 2);
  expect(await state.read()).toEqual(await fresh.read());
});

test('two optimizers may share parameters, each with moments of its own', async () => {
  const graphs = [stepGraph(0.1), stepGraph(0.1, undefined, '2')];
  const more = Object.fromEntries(Object.entries(initial).flatMap(([name, value]) => (name.includes('.') ? [[`${name}2`, value]] : [])));
  const [ours, reference] = await Promise.all(
    [cpu, plain].map(async (device) => {
      const state = device.createState({ ...initial, ...more });
      const [one, two] = await Promise.all(graphs.map((graph) => device.compile(graph)));
      for (let step = 1; step <= 4; step++) await train(step % 2 === 1 ? one! : two!, state, step, step);
      return state.read();
    }),
  );
  expect(greatestError(ours!, reference!)).toBeLessThan(1e-5);
});

test('a missing moment is an error that names it', async () => {
  const state = cpu.createState(initial);
  state.drop(['weight.v']);
  await expect((await cpu.compile(stepGraph(1))).run(batch(1), state)).rejects.toThrow('state entry "weight.v" is missing');
});
