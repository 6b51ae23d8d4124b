// The portable device: products, convolutions, row sums and element-wise ops on gpu.js, everything else as the plain reference does it.
import type { Device, Node, OpName } from '@hybridmed/tensor';
import { sizeOf } from '@hybridmed/tensor';
import type { Override } from '../device/interpret.ts';
import { interpret } from '../device/interpret.ts';
import { hostState } from '../device/state.ts';
import type { Value } from '../rules/rule.ts';
import { broadcastStrides, offsets } from '../rules/strides.ts';
import type { Engine } from './engine.ts';
import { openEngine } from './engine.ts';
import { conv2d, elementwise, matmul, sumRows } from './sources.ts';

/** Options: `cpu` forces plain JavaScript; `auto` takes WebGL where gpu.js finds a device for it. */
export interface GpujsOptions {
  mode?: 'auto' | 'cpu';
}

// Launching a kernel costs more than this many steps of plain JavaScript.
const worthwhile = 4096;

// Indices travel as f32 through WebGL: beyond this they are not exact.
const exactIndices = 2 ** 24;

/** Numbers for gpu.js; integers stay with the plain reference. */
const f32 = ({ data }: Value): Float32Array | undefined =>
  data instanceof Int32Array ? undefined : data instanceof Float32Array ? data : Float32Array.from(data);

type Shapes = readonly (readonly number[])[];

/** Runs an op on the engine; `undefined` leaves it to the plain rule. */
type EngineRule<K extends OpName> = (engine: Engine, node: Node<K>, inputs: readonly Value[], shapes: Shapes) => Value[] | undefined;

const runMatmul: EngineRule<'matmul'> = (engine, { attributes: { transposeA, transposeB } }, [a, b], [shape]) => {
  const [m, n] = shape!.slice(-2) as [number, number];
  const k = a!.shape.at(transposeA ? -2 : -1)!;
  const lead = shape!.slice(0, -2);
  if (sizeOf(shape!) * k < worthwhile || Math.max(sizeOf(shape!), a!.data.length, b!.data.length) > exactIndices) return undefined;
  const starts = (x: Value) =>
    Float32Array.from(
      offsets(
        lead,
        broadcastStrides(x.shape.slice(0, -2), lead).map((stride) => stride * sizeOf(x.shape.slice(-2))),
      ),
    );
  const [rowA, columnA] = transposeA ? [1, m] : [k, 1];
  const [rowB, columnB] = transposeB ? [1, k] : [n, 1];
  const data = engine.run(matmul, sizeOf(shape!), [f32(a!)!, f32(b!)!, starts(a!), starts(b!), m, n, k, rowA, columnA, rowB, columnB]);
  return [{ data, shape: shape! }];
};

const runConvolution: EngineRule<'conv2d'> = (engine, { attributes: { stride, padding, groups } }, [x, w], [shape]) => {
  if (sizeOf(shape!) < worthwhile / 16 || Math.max(sizeOf(shape!), x!.data.length) > exactIndices) return undefined;
  const [, C, H, W] = x!.shape as [number, number, number, number];
  const [O, each, kh, kw] = w!.shape as [number, number, number, number];
  const [top, left] = padding;
  const sizes = [C, H, W, O, each, O / groups, kh, kw, shape![2]!, shape![3]!, ...stride, top, left];
  return [{ data: engine.run(conv2d, sizeOf(shape!), [f32(x!)!, f32(w!)!, ...sizes]), shape: shape! }];
};

const runSum: EngineRule<'sum'> = (engine, { attributes: { axes } }, [x], [shape]) => {
  const first = x!.shape.length - axes.length;
  const trailing = axes.every((axis, i) => axis === first + i);
  if (!trailing || !f32(x!) || x!.data.length < worthwhile || x!.data.length > exactIndices) return undefined;
  return [{ data: engine.run(sumRows, sizeOf(shape!), [f32(x!)!, sizeOf(x!.shape.slice(first))]), shape: shape! }];
};

const runElementwise =
  (source: string): EngineRule<OpName> =>
  (engine, _, inputs, [shape]) => {
    const length = sizeOf(shape!);
    if (length < worthwhile || length > exactIndices || inputs.some((input) => !f32(input) || input.data.length !== length)) return undefined;
    const arrays = inputs.map((input) => f32(input)!);
    return [{ data: engine.run(source, length, arrays), shape: shape! }];
  };

/** What the engine computes, where sizes make it worthwhile. */
const engineRules: { readonly [K in OpName]?: EngineRule<K> } = {
  matmul: runMatmul,
  conv2d: runConvolution,
  sum: runSum,
  ...Object.fromEntries(Object.entries(elementwise).map(([op, source]) => [op, runElementwise(source)])),
};

const override =
  (engine: Engine): Override =>
  (node, inputs, shapes) => {
    engine.check();
    if (shapes.some((shape) => sizeOf(shape) === 0) || inputs.some(({ data }) => data.length === 0)) return undefined;
    return (engineRules[node.op] as EngineRule<OpName> | undefined)?.(engine, node, inputs, shapes);
  };

/** A device that runs wherever JavaScript does, on gpu.js. Slow beside the others: for machines where neither WebGPU nor ONNX Runtime works. */
export function gpujsDevice({ mode = 'auto' }: GpujsOptions = {}): Device {
  const engine = openEngine(mode);
  return {
    info: { kind: 'gpujs', name: `gpu.js (${engine.kind})`, software: engine.kind !== 'webgl' },
    // Values between ops stay in float64 where plain JavaScript made them: it costs little and rounds once.
    compile: async (graph) => interpret('gpujs', graph, { precision: 'f64', keeps: 'f32', override: override(engine) }),
    createState: (initial) =>
      hostState('gpujs', (array) => (array.data instanceof Float64Array ? { ...array, data: Float32Array.from(array.data) } : array), initial),
    close: async () => engine.close(),
  };
}
