// ONNX graphs of the kernels, in the operators that ONNX Runtime's WebGPU provider has.
import type { Numbers } from '@hybridmed/kernels';
import type { Problems, Table } from '../task.ts';
import { NotOffered, chainKind, columns, plainProduct } from '../task.ts';
import type { OnnxConstant, OnnxNode } from './onnx-model.ts';
import { wholes } from './onnx-model.ts';

/** A graph over constants. */
export interface OrtGraph {
  readonly nodes: readonly OnnxNode[];
  readonly constants: Readonly<Record<string, OnnxConstant>>;
  /** Element type (1 float, 6 int32, 7 int64) and rank of each output. */
  readonly outputs: Readonly<Record<string, { readonly type: number; readonly rank: number }>>;
  /** Bytes of one run's results and intermediates. */
  readonly bytes: number;
}

const put = (data: Numbers, shape: readonly number[]): OnnxConstant => ({ data, shape });

function graph(nodes: readonly OnnxNode[], constants: OrtGraph['constants'], rank: number, elements: number, type = 1): OrtGraph {
  return { nodes, constants, outputs: { y: { type, rank } }, bytes: 4 * Math.max(1, elements) * nodes.length };
}

const noGradients = (of: string): void => {
  if (of !== 'forward') throw new NotOffered('has no gradients');
};

/** Additive attention mask: a large negative value for hidden positions, added before the softmax; (B or 1, 1, T, S). */
function hidden({ batch, queries, keys, causal, masked }: Problems['attention'], mask: Numbers | undefined): OnnxConstant {
  const count = masked ? batch : 1;
  const isVisible = (b: number, t: number, s: number) => (!masked || mask![b * keys + s] !== 0) && (!causal || s <= t);
  const at = (i: number) => [Math.floor(i / (queries * keys)), Math.floor(i / keys) % queries, i % keys] as const;
  return put(
    Float32Array.from({ length: count * queries * keys }, (_, i) => (isVisible(...at(i)) ? 0 : -1e9)),
    [count, 1, queries, keys],
  );
}

function attentionInputs({ batch, queries, keys, heads, headSize }: Problems['attention'], inputs: readonly Numbers[]): Record<string, OnnxConstant> {
  return Object.fromEntries(['q', 'k', 'v'].map((name, i) => [name, put(inputs[i]!, [batch, i === 0 ? queries : keys, heads * headSize])]));
}

/** The provider's own fused operator. */
function fusedAttention(problem: Problems['attention'], inputs: readonly Numbers[]): OrtGraph {
  const { of, batch, queries, keys, heads, headSize, scale, causal, masked } = problem;
  noGradients(of);
  const node: OnnxNode = {
    op: 'MultiHeadAttention',
    domain: 'com.microsoft',
    inputs: ['q', 'k', 'v', ...(masked ? ['', '', 'bias'] : [])],
    outputs: ['y'],
    attributes: { integers: { num_heads: heads, unidirectional: Number(causal) }, floats: { scale } },
  };
  const constants = { ...attentionInputs(problem, inputs), ...(masked ? { bias: hidden({ ...problem, causal: false }, inputs[3]) } : {}) };
  return graph([node], constants, 3, batch * heads * queries * Math.max(keys, headSize));
}

/** The same in products and a softmax, as exporters write it: used if the fused operator is wrong on an adapter. */
function stepwiseAttention(problem: Problems['attention'], inputs: readonly Numbers[]): OrtGraph {
  const { of, batch, queries, keys, heads, headSize, scale, causal, masked } = problem;
  noGradients(of);
  const split = (name: string, perm: readonly number[]): OnnxNode[] => [
    { op: 'Reshape', inputs: [name, `heads_${name}`], outputs: [`${name}_split`] },
    { op: 'Transpose', inputs: [`${name}_split`], outputs: [`${name}_heads`], attributes: { lists: { perm } } },
  ];
  const covered = causal || masked;
  const nodes: OnnxNode[] = [
    ...split('q', [0, 2, 1, 3]),
    ...split('k', [0, 2, 3, 1]),
    ...split('v', [0, 2, 1, 3]),
    { op: 'Mul', inputs: ['q_heads', 'scale'], outputs: ['q_scaled'] },
    { op: 'MatMul', inputs: ['q_scaled', 'k_heads'], outputs: ['scores'] },
    ...(covered ? [{ op: 'Add', inputs: ['scores', 'bias'], outputs: ['covered'] }] : []),
    { op: 'Softmax', inputs: [covered ? 'covered' : 'scores'], outputs: ['weights'], attributes: { integers: { axis: -1 } } },
    { op: 'MatMul', inputs: ['weights', 'v_heads'], outputs: ['mixed'] },
    { op: 'Transpose', inputs: ['mixed'], outputs: ['mixed_back'], attributes: { lists: { perm: [0, 2, 1, 3] } } },
    { op: 'Reshape', inputs: ['mixed_back', 'merged'], outputs: ['y'] },
  ];
  const constants = {
    ...attentionInputs(problem, inputs),
    ...Object.fromEntries(['q', 'k', 'v'].map((name) => [`heads_${name}`, wholes(batch, name === 'q' ? queries : keys, heads, headSize)])),
    scale: put(Float32Array.of(scale), [1]),
    merged: wholes(batch, queries, heads * headSize),
    ...(covered ? { bias: hidden(problem, masked ? inputs[3] : undefined) } : {}),
  };
  return { ...graph(nodes, constants, 3, 1), bytes: 4 * batch * heads * queries * (3 * keys + 4 * headSize) };
}

/** Every kernel that the provider can express. */
export const ortTable: Table<OrtGraph> = {
  matmul: (problem, [a, b]) => {
    plainProduct(problem);
    const { m, n, k, transposeA, transposeB } = problem;
    const constants = { a: put(a!, transposeA ? [k, m] : [m, k]), b: put(b!, transposeB ? [n, k] : [k, n]) };
    const plain = !transposeA && !transposeB;
    const node: OnnxNode = plain
      ? { op: 'MatMul', inputs: ['a', 'b'], outputs: ['y'] }
      : { op: 'Gemm', inputs: ['a', 'b'], outputs: ['y'], attributes: { integers: { transA: Number(transposeA), transB: Number(transposeB) } } };
    return graph([node], constants, 2, m * n);
  },
  attention: (problem, inputs, variant) => (variant === 0 ? fusedAttention(problem, inputs) : stepwiseAttention(problem, inputs)),
  'layer-norm': ({ of, rows, width, epsilon }, [x, weight, bias]) => {
    noGradients(of);
    const node: OnnxNode = { op: 'LayerNormalization', inputs: ['x', 'w', 'b'], outputs: ['y'], attributes: { integers: { axis: -1 }, floats: { epsilon } } };
    return graph([node], { x: put(x!, [rows, width]), w: put(weight!, [width]), b: put(bias!, [width]) }, 2, rows * width);
  },
  softmax: ({ rows, width, log }, [x]) => {
    const nodes: OnnxNode[] = [{ op: 'Softmax', inputs: ['x'], outputs: [log ? 'p' : 'y'], attributes: { integers: { axis: -1 } } }];
    if (log) nodes.push({ op: 'Log', inputs: ['p'], outputs: ['y'] });
    return graph(nodes, { x: put(x!, [rows, width]) }, 2, rows * width);
  },
  'cross-entropy': ({ of, rows, width }, [x, target]) => {
    noGradients(of);
    const nodes: OnnxNode[] = [
      { op: 'Softmax', inputs: ['x'], outputs: ['p'], attributes: { integers: { axis: -1 } } },
      { op: 'GatherElements', inputs: ['p', 't'], outputs: ['picked'], attributes: { integers: { axis: 1 } } },
      { op: 'Log', inputs: ['picked'], outputs: ['l'] },
      { op: 'Neg', inputs: ['l'], outputs: ['y'] },
    ];
    return { ...graph(nodes, { x: put(x!, [rows, width]), t: put(target!, [rows, 1]) }, 2, rows), bytes: 4 * rows * width };
  },
  distillation: () => {
    throw new NotOffered('has no divergence operator');
  },
  gather: ({ rows, width, ids }, [table, at]) =>
    graph([{ op: 'Gather', inputs: ['x', 'i'], outputs: ['y'] }], { x: put(table!, [rows, width]), i: put(at!, [ids]) }, 2, ids * width),
  'scatter-add': ({ rows, width, ids }, [dy, at]) =>
    graph(
      [{ op: 'ScatterND', inputs: ['zeros', 'i', 'dy'], outputs: ['y'], attributes: { strings: { reduction: 'add' } } }],
      {
        zeros: put(new Float32Array(rows * width), [rows, width]),
        i: { shape: [ids, 1], data: BigInt64Array.from(at!, BigInt) },
        dy: put(dy!, [ids, width]),
      },
      2,
      rows * width,
    ),
  argmax: ({ rows, width }, [x]) =>
    graph([{ op: 'ArgMax', inputs: ['x'], outputs: ['y'], attributes: { integers: { axis: -1, keepdims: 0 } } }], { x: put(x!, [rows, width]) }, 1, rows, 7),
  reduce: (problem, [x]) => {
    const { rows, width } = columns(problem);
    const node: OnnxNode = { op: 'ReduceSum', inputs: ['x', 'axes'], outputs: ['y'], attributes: { integers: { keepdims: 0 } } };
    return graph([node], { x: put(x!, [rows, width]), axes: wholes(0) }, 1, width);
  },
  map: (problem, inputs) => {
    const kind = chainKind(problem);
    if (kind === 'gelu gradient') throw new NotOffered('has no gradients');
    const [a, b] = inputs.map((data) => put(data, data.length === inputs[0]!.length ? problem.shape : [data.length]));
    const node: OnnxNode =
      kind === 'sum' ? { op: 'Add', inputs: ['a', 'b'], outputs: ['y'] } : { op: 'BiasGelu', domain: 'com.microsoft', inputs: ['a', 'b'], outputs: ['y'] };
    return graph([node], { a: a!, b: b! }, problem.shape.length, inputs[0]!.length);
  },
  convolution: ({ of, x, weight, y, stride, padding }, [a, b]) => {
    if (of !== 'output') throw new NotOffered('has no gradients');
    const node: OnnxNode = { op: 'Conv', inputs: ['x', 'w'], outputs: ['y'], attributes: { lists: { strides: stride, pads: [...padding, ...padding] } } };
    return graph([node], { x: put(a!, x), w: put(b!, weight) }, 4, y[0] * y[1] * y[2] * y[3]);
  },
  'gradient-norm': (_, inputs) => {
    const constants = Object.fromEntries(inputs.map((data, i) => [`x${i}`, put(data, [data.length])]));
    const nodes: OnnxNode[] = inputs.map((__, i) => ({
      op: 'ReduceSumSquare',
      inputs: [`x${i}`],
      outputs: [`s${i}`],
      attributes: { integers: { keepdims: 1 } },
    }));
    nodes.push({ op: 'Concat', inputs: inputs.map((__, i) => `s${i}`), outputs: ['all'], attributes: { integers: { axis: 0 } } });
    nodes.push({ op: 'ReduceSum', inputs: ['all'], outputs: ['sum'], attributes: { integers: { keepdims: 1 } } });
    nodes.push({ op: 'Sqrt', inputs: ['sum'], outputs: ['y'] });
    return graph(
      nodes,
      constants,
      1,
      inputs.reduce((total, { length }) => total + length, 0),
    );
  },
};
