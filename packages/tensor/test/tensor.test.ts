// Tracing, sizes, random keys, recomputation and the functions for people with typed arrays.
import { plainDevice } from '@hybridmed/gpujs';
import {
  array,
  bindDim,
  bindInputs,
  compile,
  DeviceError,
  dimProduct,
  dimSymbols,
  foldIn,
  grad,
  graphNodes,
  keyData,
  ops,
  opTable,
  remat,
  sizeOf,
  trace,
  TraceError,
  uniform,
  uniformAt,
  valueAndGrad,
} from '@hybridmed/tensor';
import fc from 'fast-check';
import { describe, expect, expectTypeOf, test } from 'vitest';
import type { FusedOp, OpName, PrimitiveOp } from '@hybridmed/tensor';
import { dimQuotient, dimSum } from '../src/dim.ts';

const device = plainDevice({ precision: 'f64' });
const f32 = (...shape: (number | string)[]) => ({ shape, dtype: 'f32' as const });

describe('errors while tracing', () => {
  const thrown = (fn: () => unknown): TraceError => {
    try {
      fn();
    } catch (error) {
      return error as TraceError;
    }
    throw new Error('nothing was thrown');
  };

  test('name the op, the shapes and the line of the program', () => {
    const error = thrown(() => trace({ data: { a: f32(2, 3), b: f32(4, 5) } }, ({ a, b }) => ({ results: { y: ops.matmul(a!, b!) } })));
    expect(error).toBeInstanceOf(TraceError);
    expect(error.op).toBe('matmul');
    expect(error.message).toMatch(/^matmul: inner sizes 3 and 4 differ; got f32\[2, 3\], f32\[4, 5\] \(at .*tensor\.test\.ts:\d+:\d+\)$/);
    expect(error.message).not.toContain('\n');
  });

  test.each([
    ['add', () => ops.add(ops.full(1, [2]), ops.full(1, [3]))],
    ['add', () => ops.add(ops.full(1, [2], 'i32'), ops.full(1, [2]))],
    ['reshape', () => ops.reshape(ops.full(1, [2, 3]), [7])],
    ['transpose', () => ops.transpose(ops.full(1, [2, 3]), [0, 0])],
    ['slice', () => ops.slice(ops.full(1, [4]), [3], [2])],
    ['attention', () => ops.attention(ops.full(1, [1, 2, 6]), ops.full(1, [1, 2, 6]), ops.full(1, [1, 2, 6]), { heads: 4 })],
    ['gather', () => ops.gather(ops.full(1, [2]), ops.full(1, [2]))],
    ['batchNorm', () => ops.batchNorm(ops.full(1, [2, 3, 4]), ops.full(1, [3]), ops.full(1, [3]), 1e-5)],
    ['layerNorm', () => ops.layerNorm(ops.full(1, [2, 3]), ops.full(1, [2]), ops.full(1, [3]), 1e-5)],
    ['exp', () => ops.exp(ops.full(1, [2], 'i32'))],
  ] as const)('%s refuses what it cannot take', (op, fn) => {
    expect(thrown(fn).op).toBe(op);
  });

  test('one name for an input and a state entry is refused', () => {
    expect(() => trace({ data: { x: f32(1) }, state: { x: f32(1) } }, () => ({}))).toThrow('"x" is both a data input and a state entry');
  });
});

test('every row of the op table documents itself', () => {
  for (const [op, row] of Object.entries(opTable)) expect(row.documentation.length, op).toBeGreaterThan(2);
});

describe('sizes', () => {
  const dim = fc.oneof(fc.nat(50), fc.constantFrom('B', 'L', 'T')).map((value) => value);
  test('products do not depend on order, and quotients undo them', () => {
    fc.assert(
      fc.property(fc.array(dim, { maxLength: 5 }), fc.integer({ min: 1, max: 9 }), (dims, factor) => {
        expect(dimProduct(dims)).toEqual(dimProduct(dims.toReversed()));
        expect(dimQuotient(dimProduct([...dims, factor, 'B']), dimProduct([factor, 'B']))).toEqual(dimProduct(dims));
        const bindings = { B: 3, L: 5, T: 7 };
        expect(bindDim(dimProduct(dims), bindings)).toBe(dims.reduce<number>((product, each) => product * bindDim(each, bindings), 1));
      }),
    );
  });

  test('sums are canonical, and products distribute over them', () => {
    fc.assert(
      fc.property(fc.array(dim, { maxLength: 4 }), fc.array(dim, { maxLength: 3 }), (dims, factors) => {
        expect(dimSum(dims)).toEqual(dimSum(dims.toReversed()));
        const bindings = { B: 3, L: 5, T: 7 };
        const total = dims.reduce<number>((sum, each) => sum + bindDim(each, bindings), 0);
        expect(bindDim(dimSum(dims), bindings)).toBe(total);
        const product = dimProduct([dimSum(dims), ...factors]);
        expect(bindDim(product, bindings)).toBe(total * bindDim(dimProduct(factors), bindings));
        if (total > 0 && !factors.includes(0)) expect(dimQuotient(product, dimProduct(factors))).toEqual(dimSum(dims));
      }),
    );
    expect(dimSum(['P', 1])).toBe('P+1');
    expect(dimProduct(['P+1', 'B', 2])).toBe('2*B+2*B*P');
    expect(dimQuotient('B+B*P', 'P+1')).toBe('B');
  });

  test('a quotient that is none is undefined; symbols are listed once', () => {
    expect(dimQuotient(7, 2)).toBeUndefined();
    expect(dimQuotient('B', 'L')).toBeUndefined();
    expect(dimSymbols('4*B*B*L')).toEqual(['B', 'L']);
    expect(() => bindDim('B', { L: 2 })).toThrow('"B" has no value; known: L');
  });

  test('inputs bind symbols; what does not fit is named', () => {
    const graph = trace({ data: { x: f32('B', 3), y: f32('B') } }, ({ x, y }) => ({ results: { z: ops.add(ops.sum(x!, { axes: [1] }), y!) } }));
    const zeros = (...shape: number[]) => ({ data: new Float32Array(sizeOf(shape)), shape });
    expect(bindInputs('test', graph, { x: zeros(4, 3), y: zeros(4) })).toEqual({ B: 4 });
    expect(() => bindInputs('test', graph, { x: zeros(4, 3) })).toThrow(/test: input "y" is missing; give f32/);
    expect(() => bindInputs('test', graph, { x: zeros(4, 3), y: zeros(5) })).toThrow(/"y" has shape \[5\], needs \[B\] with B=4/);
    expect(() => bindInputs('test', graph, { x: zeros(4, 3), y: { data: new Int32Array(4), shape: [4] } })).toThrow(DeviceError);
    expect(() => array([1, 2, 3], [2, 2])).toThrow('3 numbers do not fill');
  });
});

describe('random numbers', () => {
  test('are functions of key, stream and index, and uniform', async () => {
    const draw = compile(device, ({ key }) => uniform({ data: key!, stream: 5 }, [20_000]));
    const [a, b, other] = [await draw({ key: keyData(3, 1) }), await draw({ key: keyData(3, 1) }), await draw({ key: keyData(3, 2) })];
    const values = [...a.value!.data];
    expect(values).toEqual([...b.value!.data]);
    expect(values.slice(0, 50)).not.toEqual([...other.value!.data].slice(0, 50));
    const pair = keyData(3, 1).data;
    expect(values[17]).toBe(uniformAt([pair[0]!, pair[1]!], 5, 17));
    const mean = values.reduce((x, y) => x + y, 0) / values.length;
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.01);
    const bins = Array.from({ length: 10 }, (_, bin) => values.filter((value) => Math.floor(value * 10) === bin).length);
    for (const count of bins) expect(Math.abs(count - 2000)).toBeLessThan(200);
  });

  test('keys of different sites differ', () => {
    trace({ data: { key: { shape: [2], dtype: 'i32' } } }, ({ key }) => {
      const root = { data: key!, stream: 1 };
      const streams = ['a', 'b', 'ab', 'ba', 0, 1].map((name) => foldIn(root, name).stream);
      expect(new Set(streams).size).toBe(streams.length);
      return { results: { key: key! } };
    });
  });
});

test('remat gives the same gradients from a graph that computes the part twice', async () => {
  const part = (x: Parameters<typeof ops.exp>[0]) => ops.gelu(ops.mul(ops.exp(x), ops.sqrt(ops.add(ops.mul(x, x), 1))));
  const graphOf = (fn: typeof part) => trace({ data: { x: f32(7) } }, ({ x }) => ({ results: { slope: grad(ops.sum(fn(fn(x!))), [x!])[0]! } }));
  const [kept, recomputed] = [graphOf(part), graphOf(remat(part))];
  const data = { x: { data: Float64Array.from({ length: 7 }, (_, i) => Math.sin(i)), shape: [7] } };
  const [a, b] = [await (await device.compile(kept)).run(data), await (await device.compile(recomputed)).run(data)];
  expect([...b.slope!.data]).toEqual([...a.slope!.data]);
  const count = (graph: typeof kept, op: string) => graphNodes(graph).filter((node) => node.op === op).length;
  expect(count(recomputed, 'exp')).toBeGreaterThan(count(kept, 'exp'));
  expect(graphNodes(recomputed).some((node) => node.recomputed)).toBe(true);
});

describe('compile and valueAndGrad', () => {
  test('take and return named arrays; shapes may change from call to call', async () => {
    const mean = compile(device, ({ x }) => ops.mean(x!));
    expect((await mean({ x: array([1, 2, 3]) })).value!.data[0]).toBe(2);
    expect((await mean({ x: array([1, 2, 3, 6], [2, 2]) })).value!.data[0]).toBe(3);
  });

  test('give gradients of f32 inputs, or of those asked for', async () => {
    const loss = valueAndGrad(({ x, i }) => ops.sum(ops.mul(x!, ops.cast(i!, 'f32'))));
    const result = await compile(device, loss)({ x: array([1, 2]), i: { data: Int32Array.of(3, 4), shape: [2] } });
    expect(Object.keys(result)).toEqual(['value', 'grad.x']);
    expect([...result['grad.x']!.data]).toEqual([3, 4]);
    await expect(
      compile(
        device,
        valueAndGrad(({ x }) => ops.sum(x!), ['y']),
      )({ x: array([1]) }),
    ).rejects.toThrow('there is no input "y"');
  });
});

test('which ops are fused is read off the rows', () => {
  expectTypeOf<Extract<'erf' | 'conv2dGradWeight' | 'gelu' | 'attentionGrad' | 'adamW' | 'input', FusedOp>>().toEqualTypeOf<
    'gelu' | 'attentionGrad' | 'adamW'
  >();
  expectTypeOf<FusedOp | PrimitiveOp | 'input'>().toEqualTypeOf<OpName>();
  expectTypeOf<FusedOp & PrimitiveOp>().toBeNever();
});
