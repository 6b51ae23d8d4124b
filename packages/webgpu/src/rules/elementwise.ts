// Element-wise ops and sources: they become chains, which grow until something needs their values.
import type { MapOp } from '@hybridmed/kernels';
import type { OpName, Tensor } from '@hybridmed/tensor';
import { bindDim, sizeOf } from '@hybridmed/tensor';
import { broadcastChain, isCheap, joinChains } from '../plan/chains.ts';
import type { Lowering } from '../plan/lowering.ts';
import type { Chain } from '../plan/values.ts';
import type { Rule } from './rule.ts';

/** An argument's chain over the node's shape; computed first where repeating it would repeat work. */
function spread(tensor: Tensor, chain: Chain, shape: readonly number[], lowering: Lowering): Chain {
  const same = sizeOf(chain.shape) === sizeOf(shape);
  const wide = same || isCheap(chain) ? broadcastChain(chain, shape) : undefined;
  if (wide) return wide;
  lowering.value(tensor);
  return broadcastChain(lowering.chain(tensor), shape)!;
}

/** One step on chains of the node's inputs. */
function step<K extends OpName>(op: MapOp): Rule<K> {
  return (node, lowering) => {
    const shape = lowering.shape(node.outputs[0]!);
    const parts = lowering.joinable(node.inputs).map((chain, i) => spread(node.inputs[i]!, chain, shape, lowering));
    lowering.setChain(node, joinChains(op, node.outputs[0]!.dtype, parts, shape));
  };
}

const full: Rule<'full'> = (node, lowering) => {
  const { dtype, value } = node.attributes;
  lowering.setChain(node, joinChains('constant', dtype, [], lowering.shape(node.outputs[0]!), value));
};

const iota: Rule<'iota'> = (node, lowering) => lowering.setChain(node, joinChains('index', 'i32', [], lowering.shape(node.outputs[0]!), 0));

const size: Rule<'size'> = (node, lowering) => lowering.setChain(node, joinChains('constant', 'f32', [], [], bindDim(node.attributes.dim, lowering.bindings)));

const random: Rule<'random'> = (node, lowering) => {
  const shape = lowering.shape(node.outputs[0]!);
  const key = lowering.value(node.inputs[0]!);
  const repeated: Chain = { shape, type: 'i32', inputs: [{ value: key, offset: 0, strides: shape.map(() => 0) }], steps: [] };
  lowering.setChain(node, joinChains('random', 'f32', [repeated], shape, node.attributes.stream));
};

const cast: Rule<'cast'> = (node, lowering) => {
  const [x] = node.inputs;
  if (x!.dtype === node.attributes.dtype) return lowering.setChain(node, lowering.chain(x!));
  return step<'cast'>(node.attributes.dtype === 'f32' ? 'toF32' : 'toI32')(node, lowering);
};

/** Rules of element-wise ops and sources. */
export const elementwise = {
  full,
  iota,
  size,
  random,
  add: step<'add'>('add'),
  sub: step<'sub'>('sub'),
  mul: step<'mul'>('mul'),
  div: step<'div'>('div'),
  maximum: step<'maximum'>('maximum'),
  less: step<'less'>('less'),
  equal: step<'equal'>('equal'),
  where: step<'where'>('where'),
  neg: step<'neg'>('neg'),
  exp: step<'exp'>('exp'),
  log: step<'log'>('log'),
  sqrt: step<'sqrt'>('sqrt'),
  erf: step<'erf'>('erf'),
  cast,
  gelu: step<'gelu'>('gelu'),
  geluGrad: step<'geluGrad'>('geluGrad'),
};
