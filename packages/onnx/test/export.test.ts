// exportOnnx: the file runs in ONNX Runtime as it is, for any lengths, and gives what the device gives.
import { exportOnnx } from '@hybridmed/onnx';
import { grad, ops, trace } from '@hybridmed/tensor';
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { expect, test } from 'vitest';
import { cpu, greatestError, floats, plain, scalar } from './support.ts';

const graph = trace(
  { data: { x: { shape: ['B', 'T', 8], dtype: 'f32' } }, state: { w: { shape: [8, 8], dtype: 'f32' }, b: { shape: [8], dtype: 'f32' } } },
  ({ x }, { w, b }) => {
    const h = ops.gelu(ops.layerNorm(ops.matmul(ops.attention(x!, x!, x!, { heads: 2, causal: true }), w!), b!, b!, 1e-5));
    return { results: { h, pooled: ops.mean(h, { axes: [0, 1] }) }, updates: { seen: ops.sum(x!) } };
  },
);
const state = { w: floats([8, 8], 4), b: floats([8], 5) };

async function runFile(bytes: Uint8Array, inputs: Readonly<Record<string, { data: unknown; shape: readonly number[] }>>) {
  const session = await InferenceSession.create(bytes, { logSeverityLevel: 3 });
  const values = await session.run(
    Object.fromEntries(Object.entries(inputs).map(([name, { data, shape }]) => [name, new OrtTensor('float32', data as Float32Array, [...shape])])),
  );
  return {
    names: [...session.inputNames],
    values: Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { data: value.data as Float32Array, shape: [...value.dims] }])),
  };
}

test('a graph with open lengths', async () => {
  const { model: bytes } = exportOnnx(graph);
  const program = await cpu.compile(graph);
  for (const [batch, length] of [
    [2, 3],
    [1, 9],
  ] as const) {
    const x = floats([batch, length, 8]);
    const { names, values } = await runFile(bytes, { x, ...state });
    const held = cpu.createState(state);
    const results = await program.run({ x }, held);
    expect(names.toSorted()).toEqual(['b', 'w', 'x']);
    expect(greatestError(values, { ...results, ...(await held.read(['seen'])) })).toBeLessThan(1e-6);
  }
});

test('a training step, with AdamW written out', async () => {
  const scalarSpec = { shape: [], dtype: 'f32' } as const;
  const square = { shape: [4, 4], dtype: 'f32' } as const;
  const step = trace(
    { data: { x: { shape: ['B', 4], dtype: 'f32' }, rate: scalarSpec, step: scalarSpec }, state: { w: square, m: square, v: square } },
    ({ x, rate, step: count }, { w, m, v }) => {
      const loss = ops.mean(ops.gelu(ops.matmul(x!, w!)));
      const stepped = ops.adamW(
        { learningRate: rate!, step: count!, parameters: [w!], gradients: grad(loss, [w!]), firstMoments: [m!], secondMoments: [v!] },
        { beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.1, decay: [true], maxNorm: 0.01, ceilings: [1] },
      );
      return {
        results: { loss, norm: stepped.gradientNorm },
        updates: { w: stepped.parameters[0]!, m: stepped.firstMoments[0]!, v: stepped.secondMoments[0]! },
      };
    },
  );
  const data = { x: floats([3, 4]), rate: scalar(0.1), step: scalar(2) };
  const entries = { w: floats([4, 4], 2), m: floats([4, 4], 3), v: { ...floats([4, 4]), data: floats([4, 4]).data.map(Math.abs) as Float32Array } };
  const { values } = await runFile(exportOnnx(step).model, { ...data, ...entries });
  const held = plain.createState(entries);
  const results = await (await plain.compile(step)).run(data, held);
  const next = Object.fromEntries(Object.entries(await held.read()).map(([name, value]) => [`${name}.next`, value]));
  expect(greatestError(values, { ...results, ...next })).toBeLessThan(1e-5);
});
