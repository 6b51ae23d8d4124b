// Mixed precision: which values of a graph are stored as f16, and which products may round their operands. Everything else stays f32:
// inputs and state (master weights, moments), norms and their statistics, softmax, losses, reductions, gradients of parameters.
import { mapOperations } from '@hybridmed/kernels';
import type { Graph, Node, OpName, Tensor } from '@hybridmed/tensor';
import { graphNodes, graphOutputs } from '@hybridmed/tensor';
import type { Storage } from './storage.ts';
import { isView } from './values.ts';

/** What a view reads in the end, as its node's own output. */
function source({ node, index }: Tensor): Tensor {
  return isView(node.op) ? source(node.inputs[0]!) : node.outputs[index]!;
}

/**
 * Products of layers: those with a weight, an input of the graph, and those that share an operand with them (gradients of weights).
 * Products of features with each other, as in contrastive losses, are none.
 */
function layerProducts(nodes: readonly Node[]): Set<Node> {
  const products = nodes.filter(({ op }) => op === 'matmul');
  const sources = new Map(products.map((node) => [node, node.inputs.map(source)]));
  const weighted = products.filter((node) => sources.get(node)!.some((tensor) => tensor.node.op === 'input'));
  const operands = new Set(weighted.flatMap((node) => sources.get(node)!).filter((tensor) => tensor.node.op !== 'input'));
  return new Set([...weighted, ...products.filter((node) => sources.get(node)!.some((tensor) => operands.has(tensor)))]);
}

/** Ops that are products of layers inside: convolutions, and losses whose logits are products. */
const roundedOps: ReadonlySet<OpName> = new Set<OpName>(['conv2d', 'conv2dGradInput', 'conv2dGradWeight', 'vocabularyLoss', 'vocabularyLossGrad']);

/** What a reader makes of f16: wants it, takes it as an activation, adds it up in f32, computes with it element by element, or has no use for it. */
type Reading = 'half' | 'activation' | 'sum' | 'chain' | 'full';

/** What computes with its inputs in f32 and may read and write them as f16. */
const activations: ReadonlySet<string> = new Set<OpName>(['gelu', 'geluGrad']);

/** Ops that are operations of a chain, or moves of values that are. */
const chains: ReadonlySet<string> = new Set([...Object.keys(mapOperations).filter((op) => !activations.has(op)), 'cast', 'pad', 'concat']);

/** Inputs of attention that are rows of vectors. */
const attentionInputs: Partial<Record<OpName, readonly number[]>> = { attention: [0, 1, 2], attentionGrad: [0, 1, 2, 3, 5] };

function readingOf(node: Node, input: number, layers: ReadonlySet<Node>): Reading {
  if (layers.has(node) || attentionInputs[node.op]?.includes(input)) return 'half';
  if (activations.has(node.op)) return 'activation';
  if (node.op === 'sum') return 'sum';
  return chains.has(node.op) ? 'chain' : 'full';
}

const isAttention = ({ node, index }: Tensor): boolean => (node.op === 'attention' && index === 0) || node.op === 'attentionGrad';

/** Whether a value's kernel can write f16. */
const writesHalf = (tensor: Tensor): boolean =>
  isAttention(tensor) ||
  (tensor.node.op === 'layerNorm' && tensor.index === 0) ||
  tensor.node.op === 'matmul' ||
  activations.has(tensor.node.op) ||
  chains.has(tensor.node.op);

/**
 * The storage of mixed precision. As f16 are stored: what only products of layers and attention read (and sums, which add in f32); what
 * goes into GELU; what attention makes, and what only moves such values. What something else reads too stays f32, and is rounded by
 * the products as they load it, as weights are: no value is kept twice.
 */
export function mixedPrecision(graph: Graph): Storage {
  const nodes = graphNodes(graph);
  const layers = layerProducts(nodes);
  const readings = new Map<Tensor, Set<Reading>>();
  const note = (tensor: Tensor, reading: Reading) => {
    const from = source(tensor);
    readings.set(from, (readings.get(from) ?? new Set()).add(reading));
  };
  for (const node of nodes) if (!isView(node.op)) node.inputs.forEach((tensor, i) => note(tensor, readingOf(node, i, layers)));
  for (const tensor of graphOutputs(graph)) note(tensor, 'full');
  const stored = new Set<Tensor>();
  const wanted = (tensor: Tensor, of: ReadonlySet<Reading>): boolean => {
    if (isAttention(tensor)) return true;
    if (['pad', 'concat'].includes(tensor.node.op)) return tensor.node.inputs.every((input) => stored.has(source(input)));
    return !of.has('chain') && (of.has('half') || of.has('activation'));
  };
  // In the order of the graph: what moves values comes after them.
  for (const { outputs } of nodes)
    for (const tensor of outputs) {
      const of = readings.get(tensor);
      if (of && !of.has('full') && tensor.dtype === 'f32' && writesHalf(tensor) && wanted(tensor, of)) stored.add(tensor);
    }
  return {
    half: (tensor) => stored.has(source(tensor)),
    rounds: (node) => layers.has(node) || roundedOps.has(node.op),
  };
}
