// A model of one's own with nothing but tensors, layers and a device: three interleaved spirals, told apart by two hidden layers.
import assert from 'node:assert/strict';
import { plainDevice } from '@hybridmed/gpujs';
import { adamWStep, collect, cosineSchedule, initialize, linear, momentNames, parameterSpecs, relu, rootScope } from '@hybridmed/nn';
import type { Module } from '@hybridmed/nn';
import { array, grad, mix32, ops, sizeOf, trace } from '@hybridmed/tensor';
import type { HostArrays, TensorSpec } from '@hybridmed/tensor';

const classes = 3;
const hidden = 32;

/** Points (B, 2) to logits (B, classes). */
function classifier(): Module {
  const layers = {
    first: linear({ inputs: 2, outputs: hidden }),
    second: linear({ inputs: hidden, outputs: hidden }),
    head: linear({ inputs: hidden, outputs: classes }),
  };
  return {
    parameters: collect(layers),
    call(scope, points) {
      const first = relu(layers.first.call(scope.child('first'), points));
      return layers.head.call(scope.child('head'), relu(layers.second.call(scope.child('second'), first)));
    },
  };
}

/** Points of every spiral, with noise that is a function of the seed: `x` (count, 2), `y` (count). */
function spirals(count: number, seed: number): { x: HostArrays[string]; y: HostArrays[string] } {
  const noise = (i: number) => (mix32(mix32(seed) ^ i) >>> 0) / 2 ** 32 - 0.5;
  const points = Array.from({ length: count }, (_, i) => {
    const radius = 0.1 + 0.9 * (noise(3 * i) + 0.5);
    const angle = radius * 4 + ((i % classes) * 2 * Math.PI) / classes + 0.3 * noise(3 * i + 1);
    return [radius * Math.cos(angle), radius * Math.sin(angle)];
  });
  return { x: array(points.flat(), [count, 2]), y: { data: Int32Array.from({ length: count }, (_, i) => i % classes), shape: [count] } };
}

const model = classifier();
const names = Object.keys(model.parameters);
const parameters = parameterSpecs(model.parameters);
const scalar: TensorSpec = { shape: [], dtype: 'f32' };
const moments = Object.fromEntries(names.flatMap((name) => momentNames(name).map((moment) => [moment, parameters[name]!])));

// One step: loss, gradients and AdamW in one graph. Parameters and moments are state and stay on the device.
const step = trace(
  {
    data: { x: { shape: ['B', 2], dtype: 'f32' }, y: { shape: ['B'], dtype: 'i32' }, rate: scalar, step: scalar },
    state: { ...parameters, ...moments },
  },
  (data, state) => {
    const loss = ops.mean(ops.crossEntropy(model.call(rootScope(state, { training: true }), data.x!), data.y!));
    const gradients = grad(
      loss,
      names.map((name) => state[name]!),
    );
    const byName = Object.fromEntries(names.map((name, i) => [name, gradients[i]!]));
    const { updates } = adamWStep(model.parameters, state, byName, { learningRate: data.rate!, step: data.step! }, { weightDecay: 0.01 });
    return { results: { loss }, updates };
  },
);
const predict = trace({ data: { x: { shape: ['B', 2], dtype: 'f32' } }, state: parameters }, ({ x }, state) => ({
  results: { logits: model.call(rootScope(state), x!) },
}));

const device = plainDevice();
const zeros = Object.fromEntries(
  Object.entries(moments).map(([name, spec]) => {
    const shape = spec.shape.map(Number);
    return [name, { data: new Float32Array(sizeOf(shape)), shape }];
  }),
);
const state = device.createState({ ...initialize(model.parameters, 0), ...zeros });
const [train, test] = [await device.compile(step), await device.compile(predict)];

const steps = 300;
const data = spirals(192, 1);
const number = (value: number) => array([value], []);
const losses: number[] = [];
for (let i = 0; i < steps; i++) {
  const rate = number(cosineSchedule(i, { steps, warmup: 10, peak: 0.02 }));
  losses.push((await train.run({ ...data, rate, step: number(i + 1) }, state)).loss!.data[0]!);
}

// Points that were not trained on.
const unseen = spirals(300, 2);
const { logits } = await test.run({ x: unseen.x }, state);
const rows = Array.from(unseen.y.data, (_, i) => logits!.data.slice(i * classes, (i + 1) * classes));
const accuracy = rows.filter((row, i) => row.indexOf(Math.max(...row)) === unseen.y.data[i]).length / rows.length;
process.stdout.write(`loss ${losses[0]!.toFixed(2)} -> ${losses.at(-1)!.toFixed(3)}; accuracy on unseen points ${accuracy.toFixed(3)}\n`);
assert.ok(accuracy > 0.95, `accuracy ${accuracy}`);
await device.close();
