// The portable device: products, convolutions, row sums and element-wise ops on gpu.js, everything else as the plain reference does it.
import type { Device, Node } from '@hybridmed/tensor';
import { sizeOf } from '@hybridmed/tensor';
import { interpret } from '../device/interpret.ts';
import { hostState } from '../device/state.ts';
import type { Value } from '../rules/rule.ts';
import { broadcastStrides, offsets } from '../rules/strides.ts';
import type { Engine } from './engine.ts';
import { openEngine } from './engine.ts';
import { binary, conv2d, matmul, sumRows, unary } from './sources.ts';

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

function runMatmul(engine: Engine, node: Node, [a, b]: readonly Value[], [shape]: Shapes): Value[] | undefined {
  const { transposeA, transposeB } = (node as Node<'matmul'>).attributes;
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
}

function runConvolution(engine: Engine, node: Node, [x, w]: readonly Value[], [shape]: Shapes): Value[] | undefined {
  const { stride, padding, groups } = (node as Node<'conv2d'>).attributes;
  if (sizeOf(shape!) < worthwhile / 16 || Math.max(sizeOf(shape!), x!.data.length) > exactIndices) return undefined;
  const [, C, H, W] = x!.shape as [number, number, number, number];
  const [O, each, kh, kw] = w!.shape as [number, number, number, number];
  const [top, left] = padding;
  const sizes = [C, H, W, O, each, O / groups, kh, kw, shape![2]!, shape![3]!, ...stride, top, left];
  return [{ data: engine.run(conv2d, sizeOf(shape!), [f32(x!)!, f32(w!)!, ...sizes]), shape: shape! }];
}

function runSum(engine: Engine, node: Node, [x]: readonly Value[], [shape]: Shapes): Value[] | undefined {
  const { axes } = (node as Node<'sum'>).attributes;
  const first = x!.shape.length - axes.length;
  const trailing = axes.every((axis, i) => axis === first + i);
  if (!trailing || !f32(x!) || x!.data.length < worthwhile || x!.data.length > exactIndices) return undefined;
  return [{ data: engine.run(sumRows, sizeOf(shape!), [f32(x!)!, sizeOf(x!.shape.slice(first))]), shape: shape! }];
}

function runElementwise(engine: Engine, node: Node, inputs: readonly Value[], [shape]: Shapes): Value[] | undefined {
  const source = { ...binary, ...unary }[node.op as keyof typeof binary | keyof typeof unary];
  const length = sizeOf(shape!);
  if (!source || length < worthwhile || length > exactIndices || inputs.some((input) => !f32(input) || input.data.length !== length)) return undefined;
  return [
    {
      data: engine.run(
        source,
        length,
        inputs.map((input) => f32(input)!),
      ),
      shape: shape!,
    },
  ];
}

function override(engine: Engine): (node: Node, inputs: readonly Value[], shapes: Shapes) => Value[] | undefined {
  return (node, inputs, shapes) => {
    engine.check();
    if (shapes.some((shape) => sizeOf(shape) === 0) || inputs.some(({ data }) => data.length === 0)) return undefined;
    if (node.op === 'matmul') return runMatmul(engine, node, inputs, shapes);
    if (node.op === 'conv2d') return runConvolution(engine, node, inputs, shapes);
    if (node.op === 'sum') return runSum(engine, node, inputs, shapes);
    return runElementwise(engine, node, inputs, shapes);
  };
}

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
