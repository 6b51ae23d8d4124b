// The gradient of every op against central differences in float64.
import { plainDevice } from '@hybridmed/gpujs';
import type { HostArray, HostArrays, OpName, Tensor, Tensors } from '@hybridmed/tensor';
import { grad, ops, trace } from '@hybridmed/tensor';
import { describe, expect, test } from 'vitest';
import { floats, scalar } from './support/numbers.ts';
import type { OpCase } from './support/op-cases.ts';
import { opCases, valueAndGradients } from './support/op-cases.ts';

const device = plainDevice({ precision: 'f64' });
const wide = (data: HostArrays): HostArrays =>
  Object.fromEntries(
    Object.entries(data).map(([name, array]) => [name, array.data instanceof Int32Array ? array : { data: Float64Array.from(array.data), shape: array.shape }]),
  );

/** Ops whose gradient is zero by definition, or that jump: nothing to differentiate. */
const stepwise = new Set<OpName>(['less', 'equal', 'cast', 'argmax', 'iota', 'stopGradient']);

/** The weighted sum that `valueAndGradients` differentiates. */
function weighted({ data }: HostArray): number {
  let sum = 0;
  data.forEach((value, i) => (sum += value * Math.exp(-0.3 * i)));
  return sum;
}

/** A few positions of an array: all of a small one. */
const positions = (length: number): number[] => [
  ...new Set(Array.from({ length: Math.min(length, 6) }, (_, i) => Math.floor((i * length) / Math.min(length, 6)))),
];

async function checkCase(each: OpCase): Promise<void> {
  const program = await device.compile(valueAndGradients(each));
  const data = wide(each.data);
  const results = await program.run(data);
  for (const [name, { data: slope }] of Object.entries(results)) {
    if (!name.startsWith('grad.')) continue;
    const input = data[name.slice(5)]!;
    expect(slope.length).toBe(input.data.length);
    for (const i of positions(slope.length)) {
      const value = async (change: number) => {
        const moved = Float64Array.from(input.data);
        moved[i]! += change;
        return weighted((await program.run({ ...data, [name.slice(5)]: { data: moved, shape: input.shape } })).value!);
      };
      const step = 1e-5;
      const numeric = ((await value(step)) - (await value(-step))) / (2 * step);
      expect(Math.abs(slope[i]! - numeric), `${each.name}: ${name}[${i}]`).toBeLessThan(1e-6 * Math.max(1, Math.abs(numeric)));
    }
  }
}

// Ties of a maximum have no derivative; distillation's teacher gets none on purpose.
describe.each(Object.entries(opCases).filter(([op]) => !stepwise.has(op as OpName) && op !== 'distillation'))('%s', (_, list) => {
  test('its gradient is that of central differences', async () => {
    for (const each of list) if (each.name !== 'with ties') await checkCase(each);
  });
});

test('distillation: the student gets its gradient, the teacher none', async () => {
  const data = { s: floats([3, 5]), t: floats([3, 5], 2) };
  const student = { name: 'student', data, fn: ({ s, t }: Tensors) => ops.distillation(s!, ops.stopGradient(t!), 2) } satisfies OpCase;
  const results = await (await device.compile(valueAndGradients(student))).run(wide(data));
  expect(results['grad.t']!.data.every((value) => value === 0)).toBe(true);
  const only = {
    name: 'student',
    data: { s: data.s },
    fn: ({ s }: Tensors) => ops.distillation(s!, ops.sub(1, ops.reshape(ops.cast(ops.iota(15), 'f32'), [3, 5])), 2),
  } satisfies OpCase;
  await checkCase(only);
});

test('AdamW: two hand-worked steps with clipping, decay, a ceiling and half the learning rate', async () => {
  const attributes = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.1, decay: [true], maxNorm: 1, ceilings: [0.9], rates: [0.5] };
  const graph = trace(
    {
      data: { rate: { shape: [], dtype: 'f32' }, step: { shape: [], dtype: 'f32' }, g: { shape: [2], dtype: 'f32' } },
      state: { p: { shape: [2], dtype: 'f32' }, m: { shape: [2], dtype: 'f32' }, v: { shape: [2], dtype: 'f32' } },
    },
    ({ rate, step, g }, { p, m, v }) => {
      const next = ops.adamW({ learningRate: rate!, step: step!, parameters: [p!], gradients: [g!], firstMoments: [m!], secondMoments: [v!] }, attributes);
      return { results: { norm: next.gradientNorm }, updates: { p: next.parameters[0]!, m: next.firstMoments[0]!, v: next.secondMoments[0]! } };
    },
  );
  const state = device.createState({
    p: { data: Float64Array.of(1, -1), shape: [2] },
    m: { data: new Float64Array(2), shape: [2] },
    v: { data: new Float64Array(2), shape: [2] },
  });
  const program = await device.compile(graph);
  const expected = { p: [1, -1], m: [0, 0], v: [0, 0] };
  for (const step of [1, 2]) {
    const g = [3, -4].map((value) => value * step);
    const { norm } = await program.run({ rate: scalar(0.01), step: scalar(step), g: { data: Float64Array.from(g), shape: [2] } }, state);
    expect(norm!.data[0]).toBeCloseTo(5 * step, 12);
    const clip = Math.min(1, 1 / (5 * step + 1e-6));
    g.forEach((raw, i) => {
      const slope = raw * clip;
      expected.m[i] = 0.9 * expected.m[i]! + 0.1 * slope;
      expected.v[i] = 0.999 * expected.v[i]! + 0.001 * slope * slope;
      const direction = expected.m[i]! / (1 - 0.9 ** step) / (Math.sqrt(expected.v[i]! / (1 - 0.999 ** step)) + 1e-8);
      expected.p[i] = Math.min(0.9, expected.p[i]! * (1 - 0.5 * Math.fround(0.01) * 0.1) - 0.5 * Math.fround(0.01) * direction);
    });
    const { p, m, v } = await state.read();
    expect([...p!.data]).toEqual(expected.p.map((value) => expect.closeTo(value, 9)));
    expect([...m!.data]).toEqual(expected.m.map((value) => expect.closeTo(value, 9)));
    expect([...v!.data]).toEqual(expected.v.map((value) => expect.closeTo(value, 9)));
  }
});

test('grad of what was not traced is refused in one line', () => {
  const graph = trace({ data: { x: { shape: [], dtype: 'f32' } }, state: {} }, ({ x }) => {
    for (const wrt of [undefined, x, [x, 3], [{}]])
      expect(() => grad(x!, wrt as unknown as Tensor[])).toThrow(/^grad: entry \d of what to differentiate by is no value of a traced program/);
    return { results: { x: x! } };
  });
  for (const loss of [graph, undefined, () => 1, 3])
    expect(() => grad(loss as unknown as Tensor, [])).toThrow(
      'grad: the loss is no value of a traced program; call grad inside the function that trace is given',
    );
});
