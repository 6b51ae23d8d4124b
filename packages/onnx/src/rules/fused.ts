// Rules of fused ops on ONNX Runtime's own kernels; gradients reuse what the forward pass kept.
import type { FusedOp, Node, OpName, Tensor } from '@hybridmed/tensor';
import { elementTypes } from '../model/proto.ts';
import type { LoweringContext, Rule } from './rule.ts';
import { reshapeTo } from './movement.ts';
import type { ProductOptions } from './product.ts';
import { stackedProduct } from './product.ts';
import { columnSums } from './reductions.ts';

const last = (b: LoweringContext['b'], op: string, x: string, keepdims = 1): string => b.node(op, [x, b.constant('i64', [-1])], { keepdims });

const scaledOf = (b: LoweringContext['b'], x: string): string => b.node('Mul', [x, b.scalar(Math.SQRT1_2)]);

/** The cumulative normal distribution of x, once per value. */
function normalOf(b: LoweringContext['b'], x: string): string {
  // (erf + 1) / 2 in one pass: HardSigmoid is max(0, min(1, alpha x + beta)), and erf is between -1 and 1.
  return b.once(`normal ${x}`, () => b.node('HardSigmoid', [b.node('Erf', [scaledOf(b, x)])], { alpha: { f: 0.5 }, beta: { f: 0.5 } }));
}

// Where the gradient follows, the forward pass keeps the distribution for it; a kernel of its own is faster alone. The standard has one from opset 20 on.
const gelu: Rule<'gelu'> = ({ b, name, feeds, target }, { inputs: [x] }) => {
  const value = name(x!);
  if (feeds(x!, 'geluGrad') || (target.standard && target.opset < 20)) return [b.node('Mul', [value, normalOf(b, value)])];
  return [b.node(target.standard ? 'Gelu' : 'ms:Gelu', [value])];
};

const geluGrad: Rule<'geluGrad'> = ({ b, name }, { inputs: [x, dy] }) => {
  const value = name(x!);
  const scaled = scaledOf(b, value);
  const density = b.node('Exp', [b.node('Sub', [b.scalar(-0.5 * Math.log(2 * Math.PI)), b.node('Mul', [scaled, scaled])])]);
  return [b.node('Mul', [b.node('Add', [b.node('Mul', [value, density]), normalOf(b, value)]), name(dy!)])];
};

const softmax: Rule<'softmax'> = ({ b, name }, { inputs: [x] }) => [b.node('Softmax', [name(x!)], { axis: -1 })];

const logSoftmax: Rule<'logSoftmax'> = ({ b, name }, { inputs: [x] }) => [logSoftmaxOf(b, name(x!))];

const layerNorm: Rule<'layerNorm'> = ({ b, name }, node) =>
  b.nodes('LayerNormalization', node.inputs.map(name), { axis: -1, epsilon: { f: node.attributes.epsilon } }, 3);

const layerNormGrad: Rule<'layerNormGrad'> = (context, { inputs: [x, weight, average, scale, dy] }) => {
  const { b, name } = context;
  const normalized = b.node('Mul', [b.node('Sub', [name(x!), name(average!)]), name(scale!)]);
  const g = b.node('Mul', [name(dy!), name(weight!)]);
  const projected = b.node('Mul', [normalized, last(b, 'ReduceMean', b.node('Mul', [g, normalized]))]);
  const dx = b.node('Mul', [b.node('Sub', [b.node('Sub', [g, last(b, 'ReduceMean', g)]), projected]), name(scale!)]);
  const overRows = (value: string) => columnSums(context, value, x!.shape);
  return [dx, overRows(b.node('Mul', [name(dy!), normalized])), overRows(name(dy!))];
};

/** Logarithm of softmax over the last axis, once per value. */
function logSoftmaxOf(b: LoweringContext['b'], x: string): string {
  return b.once(`log-softmax ${x}`, () => b.node('LogSoftmax', [x], { axis: -1 }));
}

/** Softmax from its logarithm, which the losses need as well, once per value. */
function probabilitiesOf(b: LoweringContext['b'], x: string): string {
  return b.once(`probabilities ${x}`, () => b.node('Exp', [logSoftmaxOf(b, x)]));
}

const columnOf = ({ b }: LoweringContext, x: string): string => b.node('Unsqueeze', [x, b.constant('i64', [-1])]);

const crossEntropy: Rule<'crossEntropy'> = (context, { inputs: [logits, target], outputs: [, lse] }) => {
  const { b, name } = context;
  const index = targetColumn(context, logits!, target!);
  const chosen = (values: string) => b.node('Squeeze', [b.node('GatherElements', [values, index], { axis: -1 }), b.constant('i64', [-1])]);
  const loss = b.node('Mul', [b.node('Neg', [chosen(logSoftmaxOf(b, name(logits!)))]), counted(context, logits!, target!).weight]);
  return [loss, context.used(lse!) ? b.node('Add', [chosen(name(logits!)), loss]) : loss];
};

/** Which targets are words, 1 or 0; and the targets, with the first word for those that are none. */
function counted({ b, name }: LoweringContext, logits: Tensor, target: Tensor): { weight: string; safe: string } {
  const own = name(target);
  const key = `${own} of ${logits.shape.at(-1)}`;
  const bool = b.once(`counted ${key}`, () => {
    const words = b.node('Cast', [b.dim(logits.shape.at(-1)!)], { to: elementTypes.i32 });
    return b.node('And', [b.node('Less', [b.constant('i32', [-1]), own]), b.node('Less', [own, words])]);
  });
  return {
    weight: b.once(`counted weight ${key}`, () => b.node('Cast', [bool], { to: elementTypes.f32 })),
    safe: b.once(`counted target ${key}`, () => b.node('Where', [bool, own, b.constant('i32', [0])])),
  };
}

const targetColumn = (context: LoweringContext, logits: Tensor, target: Tensor): string =>
  context.b.once(`target ${context.name(target)} of ${logits.shape.at(-1)}`, () => columnOf(context, counted(context, logits, target).safe));

const crossEntropyGrad: Rule<'crossEntropyGrad'> = (context, { inputs: [logits, target, , dy] }) => {
  const { b, name } = context;
  const weight = columnOf(context, b.node('Mul', [name(dy!), counted(context, logits!, target!).weight]));
  const scaled = b.describe(b.node('Mul', [probabilitiesOf(b, name(logits!)), weight]), logits!);
  const index = targetColumn(context, logits!, target!);
  return [b.describe(b.node('ScatterElements', [scaled, index, b.node('Neg', [weight])], { axis: -1, reduction: 'add' }), logits!)];
};

const tempered = ({ b }: LoweringContext, x: string, temperature: number): string =>
  temperature === 1 ? x : b.once(`tempered ${x} ${temperature}`, () => b.node('Mul', [x, b.scalar(1 / temperature)]));

const distillation: Rule<'distillation'> = (context, { inputs: [student, teacher], outputs: [, lseS, lseT], attributes: { temperature } }) => {
  const { b, name } = context;
  const [s, t] = [tempered(context, name(student!), temperature), tempered(context, name(teacher!), temperature)];
  const difference = b.node('Sub', [logSoftmaxOf(b, t), logSoftmaxOf(b, s)]);
  // A row's dot product in one pass, where a product and a sum are three.
  const [column, last2] = [b.constant('i64', [-2]), b.constant('i64', [-2, -1])];
  const [row, other] = [probabilitiesOf(b, t), difference].map((value) => b.node('Unsqueeze', [value, column])) as [string, string];
  const dots = stackedProduct(context, row, other, student!.shape.length + 1, { transB: true });
  const divergence = b.node('Squeeze', [dots, last2]);
  const total = (x: string, lse: Tensor) => (context.used(lse) ? b.node('ReduceLogSumExp', [x, b.constant('i64', [-1])], { keepdims: 0 }) : divergence);
  return [divergence, total(s, lseS!), total(t, lseT!)];
};

const distillationGrad: Rule<'distillationGrad'> = (context, { inputs: [student, teacher, , , dy], attributes: { temperature } }) => {
  const { b, name } = context;
  const softened = (x: Tensor) => probabilitiesOf(b, tempered(context, name(x), temperature));
  const weight = columnOf(context, temperature === 1 ? name(dy!) : b.node('Mul', [name(dy!), b.scalar(1 / temperature)]));
  return [b.node('Mul', [b.node('Sub', [softened(student!), softened(teacher!)]), weight])];
};

/** (B, T, H d) -> (B, H, T, d) */
function splitHeads(context: LoweringContext, x: string, shape: Tensor['shape'], heads: number): string {
  return context.b.once(`heads ${x} ${heads}`, () => {
    const [batch, length, width] = shape as [Tensor['shape'][number], Tensor['shape'][number], number];
    return context.b.node('Transpose', [reshapeTo(context, x, shape, [batch, length, heads, width / heads])], { perm: [0, 2, 1, 3] });
  });
}

function mergeHeads(context: LoweringContext, x: string, shape: Tensor['shape'], heads: number): string {
  const [batch, length, width] = shape as [Tensor['shape'][number], Tensor['shape'][number], number];
  return reshapeTo(context, context.b.node('Transpose', [x], { perm: [0, 2, 1, 3] }), [batch, length, heads, width / heads], shape);
}

/** Sums over each head: (B, T, H d) -> (B, H, T, 1) */
function headSums(context: LoweringContext, x: string, [batch, length, width]: Tensor['shape'], heads: number): string {
  const split = [batch!, length!, heads, (width as number) / heads];
  const sums = last(context.b, 'ReduceSum', reshapeTo(context, x, [batch!, length!, width!], split));
  return context.b.node('Transpose', [sums], { perm: [0, 2, 1, 3] });
}

const far = -1e30;

/** What is added to scores (broadcast to (B, heads, T, S)) where keys may not be seen; undefined where all may. */
function scoreBias(
  { b, name }: LoweringContext,
  { causal, t, s, mask }: { causal: boolean; t: Tensor['shape'][number]; s: Tensor['shape'][number]; mask: Tensor | undefined },
): string | undefined {
  const padding =
    mask &&
    b.once(`padding ${name(mask)}`, () => {
      const hidden = b.node('Mul', [b.node('Sub', [name(mask), b.scalar(1)]), b.scalar(-far)]);
      return b.node('Unsqueeze', [hidden, b.constant('i64', [1, 2])]);
    });
  if (!causal) return padding;
  const future = b.once(`future ${t} ${s}`, () => {
    const range = (size: Tensor['shape'][number]) =>
      b.node('Range', [b.constant('i64', [0], []), b.node('Squeeze', [b.dim(size)]), b.constant('i64', [1], [])]);
    const later = b.node('Less', [b.node('Unsqueeze', [range(t), b.constant('i64', [1])]), b.node('Unsqueeze', [range(s), b.constant('i64', [0])])]);
    return b.node('Mul', [b.node('Cast', [later], { to: elementTypes.f32 }), b.scalar(far)]);
  });
  return padding ? b.once(`bias ${padding} ${future}`, () => b.node('Add', [padding, future])) : future;
}

/** Heads of q, k and v and the probabilities; masked values are zeroed so that a row that sees no key gives zeros. */
function probabilities(
  context: LoweringContext,
  [q, k, v, mask]: readonly (Tensor | undefined)[],
  { heads, causal, scale }: Node<'attention'>['attributes'],
): Record<'q' | 'k' | 'v' | 'p' | 'scores', string> {
  const { b, name } = context;
  const value = mask
    ? b.once(`masked ${name(v!)} ${name(mask)}`, () => b.node('Mul', [name(v!), b.node('Unsqueeze', [name(mask), b.constant('i64', [-1])])]))
    : name(v!);
  const parts = {
    q: splitHeads(context, name(q!), q!.shape, heads),
    k: splitHeads(context, name(k!), k!.shape, heads),
    v: splitHeads(context, value, v!.shape, heads),
  };
  const product = stackedProduct(context, parts.q, parts.k, 4, { transB: true, scale });
  const bias = scoreBias(context, { causal, t: q!.shape[1]!, s: k!.shape[1]!, mask });
  const scores = bias ? b.node('Add', [product, bias]) : product;
  return { ...parts, scores, p: b.node('Softmax', [scores], { axis: -1 }) };
}

const attention: Rule<'attention'> = (context, node) => {
  const { b } = context;
  const parts = probabilities(context, node.inputs, node.attributes);
  context.kept.set(node as Node, parts);
  const q = node.inputs[0]!;
  const out = mergeHeads(context, b.node('MatMul', [parts.p, parts.v]), q.shape, node.attributes.heads);
  // The gradient's rule reads the kept probabilities, so that log-sum-exp is worked out only for someone who reads it.
  const lse = context.used(node.outputs[1]!) ? b.node('ReduceLogSumExp', [parts.scores, b.constant('i64', [-1])], { keepdims: 0 }) : parts.p;
  return [out, lse];
};

const attentionGrad: Rule<'attentionGrad'> = (context, { inputs, attributes }) => {
  const { b, name } = context;
  const [q, k, v, out, , dout, mask] = inputs;
  const parts = context.kept.get(out!.node) ?? probabilities(context, [q, k, v, mask], attributes);
  const { heads, scale } = attributes;
  const go = splitHeads(context, name(dout!), q!.shape, heads);
  const stacked = (x: string, y: string, options: ProductOptions) => stackedProduct(context, x, y, 4, options);
  const dp = stacked(go, parts.v!, { transB: true });
  const rows = headSums(context, b.node('Mul', [name(dout!), name(out!)]), q!.shape, heads);
  const ds = b.node('Mul', [parts.p!, b.node('Sub', [dp, rows])]);
  const dv = mergeHeads(context, stacked(parts.p!, go, { transA: true }), v!.shape, heads);
  return [
    mergeHeads(context, stacked(ds, parts.k!, { scale }), q!.shape, heads),
    mergeHeads(context, stacked(ds, parts.q!, { transA: true, scale }), k!.shape, heads),
    mask ? b.node('Mul', [dv, b.node('Unsqueeze', [name(mask), b.constant('i64', [-1])])]) : dv,
  ];
};

/** Inputs whose value a gradient's rule takes from what its forward node kept. */
export const keptInputs: Partial<Record<OpName, readonly number[]>> = { attentionGrad: [4], crossEntropyGrad: [2], distillationGrad: [2, 3] };

/** Rules of fused ops. */
export const fused = {
  gelu,
  geluGrad,
  softmax,
  logSoftmax,
  layerNorm,
  layerNormGrad,
  attention,
  attentionGrad,
  crossEntropy,
  crossEntropyGrad,
  distillation,
  distillationGrad,
} satisfies { readonly [K in FusedOp]?: Rule<K> };
