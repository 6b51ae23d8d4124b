// How each op becomes chains or kernels.
import type { AnyKernel, AttentionRows, Kernel, MapOp } from '@hybridmed/kernels';
import { kernels, stridesOf } from '@hybridmed/kernels';
import type { Node, OpName, Tensor } from '@hybridmed/tensor';
import { bindDim, bindShape } from '@hybridmed/tensor';
import { broadcastChain, chainProblem, isCheap, joinChains, reshapeChain, sliceChain, transposeChain } from './chains.ts';
import type { Lowering } from './lowering.ts';
import { lowerAdamW } from './optimizer.ts';
import type { Chain } from './values.ts';
import { lowerVocabularyLoss, lowerVocabularyLossGrad } from './vocabulary.ts';

type Lower<K extends OpName> = (node: Node<K>, lowering: Lowering) => void;

const count = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** Ops that have kernels of their own; other fused ops run through their definitions. */
export const keptOps: ReadonlySet<OpName> = new Set<OpName>([
  'gelu',
  'geluGrad',
  'softmax',
  'logSoftmax',
  'layerNorm',
  'layerNormGrad',
  'batchNorm',
  'batchNormGrad',
  'attention',
  'attentionGrad',
  'crossEntropy',
  'crossEntropyGrad',
  'distillation',
  'distillationGrad',
  'vocabularyLoss',
  'vocabularyLossGrad',
  'adamW',
]);

/** Runs a kernel and sets a node's outputs to its outputs. */
function lowerTo<P>(lowering: Lowering, node: Node, kernel: Kernel<P>, problem: NoInfer<P>): void {
  const values = lowering.run(
    kernel as AnyKernel,
    problem,
    node.inputs.map((input) => lowering.value(input)),
  );
  lowering.set(
    node,
    values.slice(0, node.outputs.length).map((value, i) => ({ kind: 'value', value, shape: lowering.shape(node.outputs[i]!) })),
  );
}

/** An argument's chain over the node's shape; computed first where repeating it would repeat work. */
function spread(tensor: Tensor, chain: Chain, shape: readonly number[], lowering: Lowering): Chain {
  const same = count(chain.shape) === count(shape);
  const wide = same || isCheap(chain) ? broadcastChain(chain, shape) : undefined;
  if (wide) return wide;
  lowering.value(tensor);
  return broadcastChain(lowering.chain(tensor), shape)!;
}

function elementwise<K extends OpName>(op: MapOp): Lower<K> {
  return (node, lowering) => {
    const shape = lowering.shape(node.outputs[0]!);
    const parts = lowering.joinable(node.inputs).map((chain, i) => spread(node.inputs[i]!, chain, shape, lowering));
    lowering.setChain(node as Node, joinChains(op, node.outputs[0]!.dtype, parts, shape));
  };
}

/** A movement as a view of a chain; where the chain depends on its positions, it is computed first. */
function movement<K extends OpName>(view: (chain: Chain, node: Node<K>, lowering: Lowering) => Chain | undefined): Lower<K> {
  return (node, lowering) => {
    const [x] = node.inputs;
    let moved = view(lowering.chain(x!), node, lowering);
    if (!moved) {
      lowering.value(x!);
      moved = view(lowering.chain(x!), node, lowering)!;
    }
    lowering.setChain(node as Node, moved);
  };
}

/** A sum or maximum, whose shader does the steps of the chain that it reads. */
function reduction<K extends 'sum' | 'max'>(op: 'sum' | 'max'): Lower<K> {
  return (node, lowering) => {
    const { axes } = node.attributes as { axes: readonly number[] };
    const chain = lowering.readOnce(node.inputs[0]!);
    const { shape, inputs, steps } = chainProblem(chain);
    const values = chain.inputs.map(({ value }) => value);
    const [value] = lowering.run(kernels.reduce, { op, type: node.outputs[0]!.dtype, axes, shape, inputs, steps }, values);
    lowering.set(node as Node, [{ kind: 'value', value: value!, shape: lowering.shape(node.outputs[0]!) }]);
  };
}

function convolution<K extends 'conv2d' | 'conv2dGradInput' | 'conv2dGradWeight'>(of: 'output' | 'input' | 'weight'): Lower<K> {
  return (node, lowering) => {
    type Four = readonly [number, number, number, number];
    const [a, b, y] = [...node.inputs, node.outputs[0]!].map((tensor) => lowering.shape(tensor)) as unknown as [Four, Four, Four];
    const shapes = of === 'output' ? { x: a, weight: b, y } : of === 'input' ? { y: a, weight: b, x: y } : { x: a, y: b, weight: y };
    const { stride, padding } = node.attributes as { stride: readonly [number, number]; padding: readonly [number, number] };
    const problem = { of, ...shapes, stride, padding };
    if (of === 'output') lowering.product(node as Node, { kernel: 'convolution', problem });
    else lowerTo(lowering, node as Node, kernels.convolution, lowering.storage.rounds(node as Node) ? { ...problem, half: true } : problem);
  };
}

const rowsOf = (tensor: Tensor, lowering: Lowering): { rows: number; width: number } => {
  const shape = lowering.shape(tensor);
  const width = shape.at(-1)!;
  return { width, rows: count(shape.slice(0, -1)) };
};

/** Rows that attention reads and writes, by position among the op's inputs and outputs. */
const attentionRows: Readonly<
  Record<'forward' | 'gradient', { readonly inputs: readonly (AttentionRows | undefined)[]; readonly outputs: readonly AttentionRows[] }>
> = {
  forward: { inputs: ['q', 'k', 'v'], outputs: ['o'] },
  gradient: { inputs: ['q', 'k', 'v', 'o', undefined, 'g'], outputs: ['dq', 'dk', 'dv'] },
};

function batchNorm<K extends 'batchNorm' | 'batchNormGrad'>(of: 'forward' | 'gradient'): Lower<K> {
  return (node, lowering) => {
    const [batch, channels, height, width] = lowering.shape(node.inputs[0]!) as [number, number, number, number];
    const { epsilon } = node.attributes as { epsilon: number };
    lowerTo(lowering, node as Node, kernels.batchNorm, { of, batch, channels, places: height * width, epsilon });
  };
}

function attention<K extends 'attention' | 'attentionGrad'>(of: 'forward' | 'gradient'): Lower<K> {
  return (node, lowering) => {
    const [[batch, queries, width], [, keys]] = [lowering.shape(node.inputs[0]!), lowering.shape(node.inputs[1]!)] as [
      [number, number, number],
      [number, number],
    ];
    const { heads, causal, scale, masked } = node.attributes as Node<'attention'>['attributes'];
    const { inputs, outputs } = attentionRows[of];
    const half = [
      ...inputs.filter((name, i) => name && lowering.value(node.inputs[i]!).type === 'f16'),
      ...outputs.filter((_, i) => lowering.storage.half(node.outputs[i]!)),
    ] as AttentionRows[];
    const problem = { of, batch, queries, keys, heads, headSize: width / heads, scale, causal, masked };
    lowerTo(lowering, node as Node, kernels.attention, half.length > 0 ? { ...problem, half } : problem);
  };
}

const matmul: Lower<'matmul'> = (node, lowering) => {
  const [a, b] = node.inputs.map((input) => lowering.shape(input)) as [number[], number[]];
  const shape = lowering.shape(node.outputs[0]!);
  const { transposeA, transposeB } = node.attributes;
  const lead = shape.slice(0, -2);
  const strides = (operand: readonly number[]) => {
    const own = operand.slice(0, -2);
    const steps = stridesOf(own);
    return lead.map((_, axis) => {
      const at = axis - (lead.length - own.length);
      return at < 0 || own[at] === 1 ? 0 : steps[at]!;
    });
  };
  const problem = {
    m: shape.at(-2)!,
    n: shape.at(-1)!,
    k: a.at(transposeA ? -2 : -1)!,
    transposeA,
    transposeB,
    lead,
    leadA: strides(a),
    leadB: strides(b),
  };
  lowering.product(node as Node, { kernel: 'matmul', problem });
};

/** Writes several chains into parts of one new array. */
const concat: Lower<'concat'> = (node, lowering) => {
  const shape = lowering.shape(node.outputs[0]!);
  const strides = stridesOf(shape);
  const value = lowering.create(lowering.type(node.outputs[0]!), count(shape));
  let start = 0;
  for (const part of node.inputs) {
    lowering.write(lowering.chain(part), { value, offset: start * strides[node.attributes.axis]!, strides });
    start += lowering.shape(part)[node.attributes.axis]!;
  }
  lowering.set(node, [{ kind: 'value', value, shape }]);
};

const pad: Lower<'pad'> = (node, lowering) => {
  const shape = lowering.shape(node.outputs[0]!);
  const { low, interior } = node.attributes;
  const { dtype } = node.outputs[0]!;
  const steps = stridesOf(shape);
  const value = lowering.compute(joinChains('constant', dtype, [], shape, 0), lowering.type(node.outputs[0]!));
  const offset = low.reduce((sum, start, axis) => sum + start * steps[axis]!, 0);
  lowering.write(lowering.chain(node.inputs[0]!), { value, offset, strides: steps.map((stride, axis) => stride * (interior[axis]! + 1)) });
  lowering.set(node, [{ kind: 'value', value, shape }]);
};

/** Every op that a plan meets. */
export const lowerings: { readonly [K in Exclude<OpName, 'input'>]: Lower<K> } = {
  full: (node, lowering) => lowering.setChain(node, joinChains('constant', node.attributes.dtype, [], lowering.shape(node.outputs[0]!), node.attributes.value)),
  iota: (node, lowering) => lowering.setChain(node, joinChains('index', 'i32', [], lowering.shape(node.outputs[0]!), 0)),
  size: (node, lowering) => lowering.setChain(node, joinChains('constant', 'f32', [], [], bindDim(node.attributes.dim, lowering.bindings))),
  random: (node, lowering) => {
    const shape = lowering.shape(node.outputs[0]!);
    const key = lowering.value(node.inputs[0]!);
    lowering.setChain(
      node,
      joinChains(
        'random',
        'f32',
        [{ shape, type: 'i32', inputs: [{ value: key, offset: 0, strides: shape.map(() => 0) }], steps: [] }],
        shape,
        node.attributes.stream,
      ),
    );
  },
  add: elementwise('add'),
  sub: elementwise('sub'),
  mul: elementwise('mul'),
  div: elementwise('div'),
  maximum: elementwise('maximum'),
  less: elementwise('less'),
  equal: elementwise('equal'),
  where: elementwise('where'),
  neg: elementwise('neg'),
  exp: elementwise('exp'),
  log: elementwise('log'),
  sqrt: elementwise('sqrt'),
  erf: elementwise('erf'),
  gelu: elementwise('gelu'),
  geluGrad: elementwise('geluGrad'),
  cast: (node, lowering) => {
    const [x] = node.inputs;
    if (x!.dtype === node.attributes.dtype) return lowering.setChain(node, lowering.chain(x!));
    return elementwise<'cast'>(node.attributes.dtype === 'f32' ? 'toF32' : 'toI32')(node, lowering);
  },
  stopGradient: movement((chain) => chain),
  reshape: movement((chain, { outputs: [y] }, lowering) => reshapeChain(chain, lowering.shape(y!))),
  transpose: movement((chain, { attributes }) => transposeChain(chain, attributes.permutation)),
  broadcast: movement((chain, { outputs: [y] }, lowering) => broadcastChain(chain, lowering.shape(y!))),
  slice: movement((chain, { attributes: { starts, sizes, strides } }, lowering) => sliceChain(chain, starts, bindShape(sizes, lowering.bindings), strides)),
  pad,
  concat,
  sum: reduction('sum'),
  max: reduction('max'),
  argmax: (node, lowering) => lowerTo(lowering, node, kernels.argmax, { type: node.inputs[0]!.dtype, ...rowsOf(node.inputs[0]!, lowering) }),
  gather: (node, lowering) => {
    const [table, ids] = node.inputs.map((input) => lowering.shape(input)) as [number[], number[]];
    lowerTo(lowering, node, kernels.gather, { type: node.outputs[0]!.dtype, rows: table[0]!, width: count(table.slice(1)), ids: count(ids) });
  },
  scatterAdd: (node, lowering) => {
    const ids = lowering.shape(node.inputs[1]!);
    lowerTo(lowering, node, kernels.scatterAdd, {
      type: node.outputs[0]!.dtype,
      rows: bindDim(node.attributes.rows, lowering.bindings),
      width: count(lowering.shape(node.inputs[0]!).slice(ids.length)),
      ids: count(ids),
    });
  },
  matmul,
  conv2d: convolution('output'),
  conv2dGradInput: convolution('input'),
  conv2dGradWeight: convolution('weight'),
  softmax: (node, lowering) => lowerTo(lowering, node, kernels.softmax, { ...rowsOf(node.inputs[0]!, lowering), log: false }),
  logSoftmax: (node, lowering) => lowerTo(lowering, node, kernels.softmax, { ...rowsOf(node.inputs[0]!, lowering), log: true }),
  layerNorm: (node, lowering) =>
    lowerTo(lowering, node, kernels.layerNorm, {
      of: 'forward',
      ...rowsOf(node.inputs[0]!, lowering),
      epsilon: node.attributes.epsilon,
      ...(lowering.storage.half(node.outputs[0]!) ? { half: true } : {}),
    }),
  layerNormGrad: (node, lowering) => lowerTo(lowering, node, kernels.layerNorm, { of: 'gradient', ...rowsOf(node.inputs[0]!, lowering), epsilon: 0 }),
  batchNorm: batchNorm('forward'),
  batchNormGrad: batchNorm('gradient'),
  attention: attention('forward'),
  attentionGrad: attention('gradient'),
  crossEntropy: (node, lowering) => lowerTo(lowering, node, kernels.crossEntropy, { of: 'forward', ...rowsOf(node.inputs[0]!, lowering) }),
  crossEntropyGrad: (node, lowering) => lowerTo(lowering, node, kernels.crossEntropy, { of: 'gradient', ...rowsOf(node.inputs[0]!, lowering) }),
  distillation: (node, lowering) =>
    lowerTo(lowering, node, kernels.distillation, { of: 'forward', ...rowsOf(node.inputs[0]!, lowering), temperature: node.attributes.temperature }),
  distillationGrad: (node, lowering) =>
    lowerTo(lowering, node, kernels.distillation, { of: 'gradient', ...rowsOf(node.inputs[0]!, lowering), temperature: node.attributes.temperature }),
  vocabularyLoss: lowerVocabularyLoss,
  vocabularyLossGrad: lowerVocabularyLossGrad,
  adamW: lowerAdamW,
};
