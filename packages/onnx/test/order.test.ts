// The order of a file's nodes, which decides when ONNX Runtime computes the gradients of weights, and so what it keeps.
import type { Graph, HostArrays, Tensor } from '@hybridmed/tensor';
import { grad, ops, remat, trace } from '@hybridmed/tensor';
import { expect, test } from 'vitest';
import type { FileNode } from '../src/model/order.ts';
import { endsAsTraced } from '../src/model/order.ts';
import { cpu, floats, scalar } from './support.ts';

const node = (opType: string, input: string[], output: string): FileNode => ({ opType, domain: '', input, output: [output], attribute: [] });

test('ends come last, the first traced at the very end; a summand of one has an end of its own', () => {
  const nodes = [
    node('Relu', ['x'], 'h'),
    node('ReduceSum', ['h'], 'loss'),
    node('Gemm', ['h', 'loss'], 'once'),
    node('Gemm', ['h', 'once'], 'dy'),
    node('Gemm', ['dy', 'h'], 'first'),
    node('Gemm', ['dy', 'x'], 'again'),
    node('Add', ['again', 'first'], 'twice'),
    node('Identity', ['loss'], 'result.loss'),
    node('Identity', ['twice'], 'term.0'),
  ];
  const { ordered, marks } = endsAsTraced(nodes);
  expect(marks).toHaveLength(2);
  expect(ordered.map(({ output }) => output[0])).toEqual(['h', 'loss', 'once', 'dy', 'first', 'again', 'twice', 'term.0', marks[0], marks[1], 'result.loss']);
  expect(ordered.filter(({ opType }) => opType === 'Size').map(({ input }) => input[0])).toEqual(['again', 'first']);
});

const [layers, width, rows, inner] = [12, 64, 4096, 4];

/** A step of a stack of layers with several inner values of 1 MiB each. */
function stackStep(recompute: boolean): Graph {
  const names = Array.from({ length: layers }, (_, i) => `weight.${i}`);
  const shape = [width, width];
  const specs = Object.fromEntries(names.flatMap((name) => [name, `${name}.m`, `${name}.v`].map((entry) => [entry, { shape, dtype: 'f32' as const }])));
  const number = { shape: [], dtype: 'f32' } as const;
  return trace({ data: { x: { shape: ['B', width], dtype: 'f32' }, learning_rate: number, step: number }, state: specs }, (data, state) => {
    const layer = (x: Tensor, weight: Tensor): Tensor => Array.from({ length: inner }).reduce<Tensor>((y) => ops.exp(ops.neg(y)), ops.matmul(x, weight));
    const weights = names.map((name) => state[name]!);
    const loss = ops.mean(weights.reduce((x, weight) => (recompute ? remat(layer) : layer)(x, weight), data.x!));
    const stepped = ops.adamW(
      {
        learningRate: data.learning_rate!,
        step: data.step!,
        parameters: weights,
        gradients: grad(loss, weights),
        firstMoments: names.map((name) => state[`${name}.m`]!),
        secondMoments: names.map((name) => state[`${name}.v`]!),
      },
      {
        beta1: 0.9,
        beta2: 0.999,
        epsilon: 1e-8,
        weightDecay: 0,
        decay: names.map(() => false),
        maxNorm: 1,
        ceilings: names.map(() => Infinity),
      },
    );
    const updates = names.flatMap((name, i) => [
      [name, stepped.parameters[i]!],
      [`${name}.m`, stepped.firstMoments[i]!],
      [`${name}.v`, stepped.secondMoments[i]!],
    ]);
    return { results: { loss }, updates: Object.fromEntries(updates) as Record<string, Tensor> };
  });
}

/** What a step's session takes from the system, in MiB: ONNX Runtime's arena keeps what it once took. And the weights after the step. */
async function runStack(recompute: boolean): Promise<{ mebibytes: number; weights: HostArrays }> {
  const graph = stackStep(recompute);
  const arrays = Object.entries(graph.state).map(([name], i) => [name, name.startsWith('weight') && !/[mv]$/.test(name) ? floats([width, width], i) : zeros()]);
  const state = cpu.createState(Object.fromEntries(arrays) as HostArrays);
  const program = await cpu.compile(graph);
  const x = floats([rows, width], 99);
  const before = process.memoryUsage.rss();
  await program.run({ x, learning_rate: scalar(1e-3), step: scalar(1) }, state);
  const mebibytes = (process.memoryUsage.rss() - before) / 2 ** 20;
  const weights = await state.read(Object.keys(graph.state));
  program.release?.();
  return { mebibytes, weights };
}

const zeros = () => ({ data: new Float32Array(width * width), shape: [width, width] });

test('recomputed activations need less memory, and give the same bits', async () => {
  const recomputed = await runStack(true);
  const kept = await runStack(false);
  expect(recomputed.weights).toEqual(kept.weights);
  expect(recomputed.mebibytes).toBeLessThan(0.7 * kept.mebibytes);
});
