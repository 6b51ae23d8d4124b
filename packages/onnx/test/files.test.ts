// Exported files: standard operators alone in every opset, weights inside or beside the file, half precision and 8 bits, and files of anyone run.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportOnnx, openOnnx } from '@hybridmed/onnx';
import type { ExportOptions } from '@hybridmed/onnx';
import type { HostArrays } from '@hybridmed/tensor';
import { DeviceError, ops, trace } from '@hybridmed/tensor';
import protobuf from 'protobufjs';
import { afterAll, describe, expect, test } from 'vitest';
import { floats, greatestError, plain } from './support.ts';

const folder = mkdtempSync(join(tmpdir(), 'hybridmed-onnx-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const f32 = (...shape: (number | string)[]) => ({ shape, dtype: 'f32' as const });
const parameters: HostArrays = {
  table: floats([19, 24]),
  w: floats([24, 24], 2),
  bias: floats([24], 3),
  gain: floats([24], 4),
  kernel: floats([24, 1, 3, 3], 5),
};
/** Words, a little image, attention, a tied output layer: every use of a weight. */
const graph = trace(
  {
    data: { ids: { shape: ['B', 'T'], dtype: 'i32' }, image: f32('B', 1, 4, 4) },
    state: Object.fromEntries(Object.entries(parameters).map(([name, { shape }]) => [name, f32(...shape)])),
  },
  ({ ids, image }, { table, w, bias, gain, kernel }) => {
    const cells = ops.reshape(ops.conv2d(image!, kernel!, { stride: [2, 2], padding: [1, 1] }), ['B', 24, 4]);
    const words = ops.layerNorm(ops.gather(table!, ids!), gain!, bias!, 1e-5);
    const mixed = ops.attention(words, ops.transpose(cells, [0, 2, 1]), ops.transpose(cells, [0, 2, 1]), { heads: 2 });
    const hidden = ops.gelu(ops.add(ops.matmul(mixed, w!, { transposeB: true }), bias!));
    return { results: { hidden, logits: ops.matmul(hidden, ops.reshape(table!, [19, 24]), { transposeB: true }) } };
  },
);
const inputs = (batch: number, length: number): HostArrays => ({
  ids: { data: Int32Array.from({ length: batch * length }, (_, i) => (i * 5) % 19), shape: [batch, length] },
  image: floats([batch, 1, 4, 4], 6),
});
const expected = async (data: HostArrays) => (await plain.compile(graph)).run(data, plain.createState(parameters));

async function errorOf(options: ExportOptions, data = inputs(2, 3)): Promise<number> {
  const exported = await openOnnx(exportOnnx(graph, { parameters, ...options }).model);
  const error = greatestError(await exported.run(data), await expected(data));
  await exported.close();
  return error;
}

const format = protobuf.Root.fromJSON({
  nested: {
    Node: { fields: { opType: { type: 'string', id: 4 }, domain: { type: 'string', id: 7 } } },
    Graph: { fields: { node: { type: 'Node', id: 1, rule: 'repeated' } } },
    Opset: { fields: { domain: { type: 'string', id: 1 }, version: { type: 'int64', id: 2 } } },
    Model: { fields: { graph: { type: 'Graph', id: 7 }, opset: { type: 'Opset', id: 8, rule: 'repeated' } } },
  },
});
const read = (model: Uint8Array) =>
  format.lookupType('Model').decode(model) as unknown as { graph: { node: { opType: string; domain: string }[] }; opset: { domain: string }[] };

describe('every opset', () => {
  test.each([18, 19, 20, 21, 22, 23])('%i: standard operators alone, the same numbers', async (opset) => {
    const { graph: written, opset: sets } = read(exportOnnx(graph, { parameters, opset }).model);
    expect(written.node.filter(({ domain }) => domain !== '')).toEqual([]);
    expect(sets.map(({ domain }) => domain)).toEqual(['']);
    expect(written.node.some(({ opType }) => opType === 'Gelu')).toBe(opset >= 20);
    expect(await errorOf({ opset })).toBeLessThan(2e-5);
    expect(await errorOf({ opset }, inputs(3, 1))).toBeLessThan(2e-5);
  });

  test('another one is refused', () => {
    expect(() => exportOnnx(graph, { opset: 17 })).toThrow('opset 17 is not supported; choose one from 18 to 23');
  });
});

test('weights are stored once, and a parameter without a value stays an input', async () => {
  const { table: _table, ...rest } = parameters;
  const exported = await openOnnx(exportOnnx(graph, { parameters: rest }).model);
  expect(Object.keys(exported.inputs).toSorted()).toEqual(['ids', 'image', 'table']);
  expect(exported.inputs.image!.shape).toEqual(['B', 1, 4, 4]);
  expect(greatestError(await exported.run({ ...inputs(2, 3), table: parameters.table! }), await expected(inputs(2, 3)))).toBeLessThan(2e-5);
  await exported.close();
});

test('weights over the limit lie in a second file, at whole pages', async () => {
  const inside = exportOnnx(graph, { parameters });
  expect(inside.external).toBeUndefined();
  const { model, external } = exportOnnx(graph, { parameters, externalName: 'weights.bin', inlineLimit: 2000 });
  expect(model.length).toBeLessThan(inside.model.length - 3000);
  writeFileSync(join(folder, 'outside.onnx'), model);
  writeFileSync(join(folder, 'weights.bin'), Buffer.concat(external!.chunks));
  expect(Buffer.concat(external!.chunks).length % 4096).toBe(0);
  const exported = await openOnnx(join(folder, 'outside.onnx'));
  expect(greatestError(await exported.run(inputs(2, 3)), await expected(inputs(2, 3)))).toBeLessThan(2e-5);
  await exported.close();
});

describe('precision', () => {
  const bytes = (options: ExportOptions): number =>
    exportOnnx(graph, { parameters, ...options }).external!.chunks.reduce((sum, chunk) => sum + chunk.length, 0);

  test('half precision: half the size, numbers close', async () => {
    expect(await errorOf({ precision: 'f16' })).toBeLessThan(5e-3);
    expect(await errorOf({ precision: 'f16' })).toBeGreaterThan(1e-6);
    const wide = { parameters: { ...parameters, table: floats([4096, 24]) } };
    const big = trace({ data: { ids: { shape: ['N'], dtype: 'i32' } }, state: { table: f32(4096, 24) } }, ({ ids }, { table }) => ({
      results: { y: ops.gather(table!, ids!) },
    }));
    const size = (precision: 'f32' | 'f16' | 'int8') => exportOnnx(big, { ...wide, precision }).model.length;
    expect(size('f16') / size('f32')).toBeCloseTo(1 / 2, 1);
    expect(size('int8') / size('f32')).toBeCloseTo(1 / 4 + 1 / 24, 1);
  });

  test('8 bits: numbers near, integer products', async () => {
    expect(await errorOf({ precision: 'int8' })).toBeLessThan(0.1);
    const types = read(exportOnnx(graph, { parameters, precision: 'int8' }).model).graph.node.map(({ opType }) => opType);
    expect(types.filter((type) => type === 'MatMulInteger')).toHaveLength(2);
    expect(types).toContain('DequantizeLinear');
    expect(bytes({ precision: 'int8', inlineLimit: 0 })).toBeLessThan(bytes({ inlineLimit: 0 }));
  });

  test('rows of zeros, and what half precision cannot hold', async () => {
    const zeros = { ...parameters, w: { data: new Float32Array(24 * 24), shape: [24, 24] } };
    const exported = await openOnnx(exportOnnx(graph, { parameters: zeros, precision: 'int8' }).model);
    expect((await exported.run(inputs(1, 2))).hidden!.data.every(Number.isFinite)).toBe(true);
    await exported.close();
    const huge = { ...parameters, w: { data: Float32Array.from({ length: 576 }, () => 1e5), shape: [24, 24] } };
    expect(() => exportOnnx(graph, { parameters: huge, precision: 'f16' })).toThrow('"w" holds 100000, which half precision cannot; export it in f32');
  });

  test('numbers round to the nearest half, ties to even', async () => {
    // 2049 and 2051 lie halfway between neighbours; 6e-8 is the least subnormal's neighbourhood; 65519 rounds down to the greatest half.
    const data = Float32Array.of(2049, 2051, -0.1, 6e-8, 2.9e-8, 1, 65504, 0.00006103515625);
    const only = trace({ data: { ids: { shape: ['N'], dtype: 'i32' } }, state: { t: f32(8, 1) } }, ({ ids }, { t }) => ({
      results: { y: ops.gather(t!, ids!) },
    }));
    const exported = await openOnnx(exportOnnx(only, { parameters: { t: { data, shape: [8, 1] } }, precision: 'f16' }).model);
    const { y } = await exported.run({ ids: { data: Int32Array.from({ length: 8 }, (_, i) => i), shape: [8] } });
    expect([...y!.data]).toEqual([2048, 2052, -0.0999755859375, 2 ** -24, 0, 1, 65504, 2 ** -14].map((value) => expect.closeTo(value, 12)));
    await exported.close();
  });
});

describe('errors are one line that names the file and the input', () => {
  test('no model, a missing input, a wrong shape', async () => {
    writeFileSync(join(folder, 'broken.onnx'), 'no model');
    await expect(openOnnx(join(folder, 'broken.onnx'))).rejects.toThrow(/broken\.onnx: ONNX Runtime refused it: /);
    await expect(openOnnx(join(folder, 'nowhere.onnx'))).rejects.toBeInstanceOf(DeviceError);
    const exported = await openOnnx(exportOnnx(graph, { parameters }).model);
    await expect(exported.run({ ids: inputs(1, 1).ids! })).rejects.toThrow('input "image" is missing; give [B, 1, 4, 4]');
    await expect(exported.run({ ...inputs(1, 1), image: floats([1, 2, 4, 4]) })).rejects.toThrow('input "image" has shape [1, 2, 4, 4], needs [B, 1, 4, 4]');
    await exported.close();
  });
});
