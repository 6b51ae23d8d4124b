// Freezing, layer-wise learning rates, LoRA with its merge, and recomputed layers.
import { plainDevice } from '@hybridmed/gpujs';
import type { Module, ParameterSpecs } from '@hybridmed/nn';
import { adamWStep, batchNorm, collect, initialize, linear, momentNames, parameterSpecs, rootScope, trainedNames } from '@hybridmed/nn';
import { adapterState, addLora, freeze, freezeStatistics, layerDecay, mergeLora } from '@hybridmed/nn/fine-tuning';
import type { HostArrays } from '@hybridmed/tensor';
import { grad, graphNodes, HybridmedError, ops, sizeOf, trace } from '@hybridmed/tensor';
import { expect, test } from 'vitest';

const device = plainDevice();
const layers = { 'blocks.0.fc': linear({ inputs: 4, outputs: 4 }), 'blocks.1.fc': linear({ inputs: 4, outputs: 4 }), head: linear({ inputs: 4, outputs: 2 }) };
const table = { shape: [1, 4], init: { kind: 'normal', std: 0.02 } } as const;
const specs = collect(layers, { start: table });
const x = { data: Float64Array.from({ length: 12 }, (_, i) => Math.sin(i * 1.7)), shape: [3, 4] };

/** Two residual layers and a head. */
const model: Module = {
  parameters: specs,
  call(scope, input) {
    let h = ops.add(input, scope.get('start'));
    for (const name of ['blocks.0.fc', 'blocks.1.fc'] as const) h = scope.layer(() => ops.add(h, ops.gelu(layers[name].call(scope.child(name), h))));
    return layers.head.call(scope.child('head'), h);
  },
};

const wide = (arrays: HostArrays): HostArrays =>
  Object.fromEntries(Object.entries(arrays).map(([name, { data, shape }]) => [name, { data: Float64Array.from(data), shape }]));

function lossGraph(of: ParameterSpecs, { remat = false } = {}) {
  return trace({ data: { x: { shape: [3, 4], dtype: 'f32' } }, state: parameterSpecs(of) }, ({ x: input }, state) => {
    const y = model.call(rootScope(state, { training: true, specs: of, remat }), input!);
    const loss = ops.mean(ops.mul(y, y));
    const names = trainedNames(of);
    const gradients = grad(
      loss,
      names.map((name) => state[name]!),
    );
    return { results: { y, ...Object.fromEntries(names.map((name, i) => [name, gradients[i]!])) } };
  });
}

const run = async (graph: ReturnType<typeof lossGraph>, parameters: HostArrays) =>
  (await device.compile(graph)).run({ x }, device.createState(wide(parameters)));

test('frozen parameters are not trained; a pattern that matches nothing is an error with names to choose from', () => {
  expect(trainedNames(freeze(specs, ['blocks.*', '*.bias']))).toEqual(['start', 'head.weight']);
  expect(trainedNames(freeze(specs, ['head.weight']))).not.toContain('head.weight');
  // A dot is a dot, and a pattern matches whole names.
  expect(() => freeze(specs, ['headXweight'])).toThrow(HybridmedError);
  expect(() => freeze(specs, ['blocks'])).toThrow('freeze: "blocks" matches no parameter; they are called "start", "blocks.');
});

test('a frozen batch norm uses its running statistics in training, and leaves them', async () => {
  const norm = batchNorm({ channels: 1 });
  const outputOf = async (of: ParameterSpecs) => {
    const updates = {};
    const graph = trace({ data: { image: { shape: [2, 1, 2, 2], dtype: 'f32' } }, state: parameterSpecs(of) }, ({ image }, state) => ({
      results: { y: norm.call(rootScope(state, { training: true, updates, specs: of }), image!) },
    }));
    const image = { data: Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8), shape: [2, 1, 2, 2] };
    const { y } = await (await device.compile(graph)).run({ image }, device.createState(wide(initialize(of, 0))));
    return { first: y!.data[0]!, updates: Object.keys(updates) };
  };
  expect((await outputOf(freeze(norm.parameters, ['*']))).first).toBeCloseTo(1, 4);
  expect((await outputOf(freeze(norm.parameters, ['*']))).updates).toEqual([]);
  expect((await outputOf(norm.parameters)).first).toBeLessThan(0);
  expect((await outputOf(norm.parameters)).updates).toEqual(['running_mean', 'running_var']);
});

test('of a batch norm with frozen statistics the weights train, by gradients that are those of finite differences', async () => {
  const norm = batchNorm({ channels: 2, epsilon: 1e-3 });
  const parts = collect({ bn: norm, fc: linear({ inputs: 2, outputs: 2 }) });
  const of = freezeStatistics(parts, ['bn.*']);
  expect(trainedNames(of)).toEqual(['bn.weight', 'bn.bias', 'fc.weight', 'fc.bias']);
  expect(freezeStatistics(parts, [])).toBe(parts);
  expect(() => freezeStatistics(parts, ['fc.*'])).toThrow(
    'freezing statistics: "fc.*" matches no running statistic of a batch norm; they are called "bn.running_mean", "bn.running_var"',
  );
  const updates = {};
  const traced = (training: boolean) =>
    trace({ data: { image: { shape: [3, 2, 2, 2], dtype: 'f32' } }, state: parameterSpecs(of) }, ({ image }, state) => {
      const y = norm.call(rootScope(state, { training, updates, specs: of }).child('bn'), image!);
      const loss = ops.mean(ops.mul(ops.mul(y, y), y));
      const [weight, bias] = grad(loss, [state['bn.weight']!, state['bn.bias']!]);
      return { results: { loss, y, weight: weight!, bias: bias! } };
    });
  const exact = plainDevice({ precision: 'f64' });
  const [training, evaluation] = await Promise.all([traced(true), traced(false)].map((graph) => exact.compile(graph)));
  const image = { data: Float64Array.from({ length: 24 }, (_, i) => Math.cos(i * 1.3)), shape: [3, 2, 2, 2] };
  const start: HostArrays = {
    ...wide(initialize(of, 0)),
    'bn.weight': { data: Float64Array.of(0.7, 1.4), shape: [2] },
    'bn.bias': { data: Float64Array.of(0.2, -0.3), shape: [2] },
    'bn.running_mean': { data: Float64Array.of(0.4, -0.1), shape: [2] },
    'bn.running_var': { data: Float64Array.of(0.5, 2), shape: [2] },
  };
  const at = async (values: HostArrays) => training!.run({ image }, exact.createState(values));
  const results = await at(start);
  expect(results.y).toEqual((await evaluation!.run({ image }, exact.createState(start))).y);
  expect(updates).toEqual({});
  for (const name of ['weight', 'bias'])
    for (const i of [0, 1]) {
      const moved = async (by: number) => {
        const data = Float64Array.from(start[`bn.${name}`]!.data);
        data[i]! += by;
        return (await at({ ...start, [`bn.${name}`]: { data, shape: [2] } })).loss!.data[0]!;
      };
      expect(results[name]!.data[i]).toBeCloseTo(((await moved(1e-5)) - (await moved(-1e-5))) / 2e-5, 7);
    }
});

test('layers learn slower towards the input', async () => {
  const rates = layerDecay(specs, 0.5);
  expect(Object.fromEntries(Object.entries(rates).map(([name, { rate }]) => [name, rate]))).toEqual({
    start: 0.125,
    'blocks.0.fc.weight': 0.25,
    'blocks.0.fc.bias': 0.25,
    'blocks.1.fc.weight': 0.5,
    'blocks.1.fc.bias': 0.5,
    'head.weight': 1,
    'head.bias': 1,
  });
  expect(layerDecay({ a: table }, 0.5).a!.rate).toBe(1);
  expect(() => layerDecay(specs, 1.5)).toThrow('at most 1, not 1.5');
  // AdamW's first step moves every element by the rate, whatever its gradient.
  const scalars = { learning_rate: { shape: [], dtype: 'f32' }, step: { shape: [], dtype: 'f32' } } as const;
  const names = ['start', 'head.bias'];
  const moments = Object.fromEntries(
    names.flatMap((name) => momentNames(name).map((moment) => [moment, { shape: specs[name]!.shape, dtype: 'f32' as const }])),
  );
  const graph = trace(
    { data: scalars, state: { ...parameterSpecs({ start: specs.start!, 'head.bias': specs['head.bias']! }), ...moments } },
    (data, state) => ({
      updates: adamWStep(
        rates,
        state,
        Object.fromEntries(names.map((name) => [name, ops.full(3, specs[name]!.shape)])),
        { learningRate: data.learning_rate!, step: data.step! },
        { weightDecay: 0, clip: Infinity, epsilon: 1e-12 },
      ).updates,
    }),
  );
  const zeros = Object.fromEntries(
    [...names, ...Object.keys(moments)].map((name) => {
      const { shape } = graph.state[name]!;
      return [name, { data: new Float64Array(sizeOf(shape as number[])), shape: shape as number[] }];
    }),
  );
  const state = device.createState(zeros);
  await (await device.compile(graph)).run({ learning_rate: { data: Float32Array.of(0.5), shape: [] }, step: { data: Float32Array.of(1), shape: [] } }, state);
  const after = await state.read(names);
  expect(after.start!.data[0]).toBeCloseTo(-0.5 * 0.125, 5);
  expect(after['head.bias']!.data[0]).toBeCloseTo(-0.5, 5);
});

test('LoRA changes nothing at first, then what its merge makes of the weights', async () => {
  const adapted = addLora(specs, { layers: ['blocks.*'], rank: 2, alpha: 3 });
  expect(trainedNames(adapted).filter((name) => name.startsWith('blocks.0'))).toEqual(['blocks.0.fc.lora.down', 'blocks.0.fc.lora.up', 'blocks.0.fc.bias']);
  const start = initialize(adapted, 1);
  const plain = await run(lossGraph(specs), initialize(specs, 1));
  expect((await run(lossGraph(adapted), start)).y).toEqual(plain.y);

  const moved: HostArrays = {
    ...start,
    'blocks.0.fc.lora.up': { ...start['blocks.0.fc.lora.up']!, data: start['blocks.0.fc.lora.up']!.data.map((_, i) => Math.cos(i)) },
  };
  const merged = mergeLora(moved);
  expect(Object.keys(merged).toSorted()).toEqual(Object.keys(specs).toSorted());
  const [before, after] = [await run(lossGraph(adapted), moved), await run(lossGraph(specs), merged)];
  expect([...before.y!.data]).toEqual([...after.y!.data].map((value) => expect.closeTo(value, 6)));
  expect(Math.abs(before.y!.data[0]! - plain.y!.data[0]!)).toBeGreaterThan(1e-3);
  expect(adapterState(adapted)).toHaveLength(2 * 4);
  expect(adapterState(adapted)).toContain('blocks.1.fc.weight');
});

test('LoRA on what is no linear layer, or with a wrong rank, is an error', () => {
  expect(() => addLora(specs, { layers: ['start'] })).toThrow('LoRA: "start" matches no linear layer; they are called "blocks.0.fc", "blocks.1.fc", "head"');
  expect(() => addLora(specs, { layers: ['*'], rank: 0.5 })).toThrow('the rank must be a whole number');
  const { 'head.lora.up': _up, ...parts } = initialize(addLora(specs, { layers: ['head'] }), 0);
  expect(() => mergeLora(parts)).toThrow('"head.lora.up" is missing');
});

test('recomputed layers give the same gradients', async () => {
  const [kept, recomputed] = [lossGraph(specs), lossGraph(specs, { remat: true })];
  const parameters = initialize(specs, 2);
  expect(graphNodes(recomputed).filter((node) => node.recomputed).length).toBeGreaterThan(0);
  expect(graphNodes(kept).some((node) => node.recomputed)).toBe(false);
  expect(await run(recomputed, parameters)).toEqual(await run(kept, parameters));
});
