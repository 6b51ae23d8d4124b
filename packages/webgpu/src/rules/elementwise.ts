// Element-wise ops and sources: they become chains, which grow until something needs their values.
import type { MapOp, MapOperationName } from '@hybridmed/kernels';
import { mapOperations } from '@hybridmed/kernels';
import type { OpName, Tensor } from '@hybridmed/tensor';
import { bindDim, opTable, sizeOf } from '@hybridmed/tensor';
import { broadcastChain, isCheap, joinChains } from '../plan/chains.ts';
import type { Fusion } from '../plan/fusion.ts';
import type { Chain } from '../plan/values.ts';
import type { Rule } from './rule.ts';

/** An argument's chain over the node's shape; computed first where repeating it would repeat work. */
function spread(tensor: Tensor, chain: Chain, shape: readonly number[], fusion: Fusion): Chain {
  const same = sizeOf(chain.shape) === sizeOf(shape);
  const wide = same || isCheap(chain) ? broadcastChain(chain, shape) : undefined;
  if (wide) return wide;
  fusion.value(tensor);
  return broadcastChain(fusion.chain(tensor), shape)!;
}

/** One step on chains of the node's inputs. */
function step(op: MapOp): Rule<OpName> {
  return (node, fusion) => {
    const shape = fusion.shape(node.outputs[0]!);
    const parts = fusion.joinable(node.inputs).map((chain, i) => spread(node.inputs[i]!, chain, shape, fusion));
    fusion.setChain(node, joinChains(op, node.outputs[0]!.dtype, parts, shape));
  };
}

const full: Rule<'full'> = (node, fusion) => {
  const { dtype, value } = node.attributes;
  fusion.setChain(node, joinChains('constant', dtype, [], fusion.shape(node.outputs[0]!), value));
};

const iota: Rule<'iota'> = (node, fusion) => fusion.setChain(node, joinChains('index', 'i32', [], fusion.shape(node.outputs[0]!), 0));

const size: Rule<'size'> = (node, fusion) => fusion.setChain(node, joinChains('constant', 'f32', [], [], bindDim(node.attributes.dim, fusion.bindings)));

const random: Rule<'random'> = (node, fusion) => {
  const shape = fusion.shape(node.outputs[0]!);
  const key = fusion.value(node.inputs[0]!);
  const repeated: Chain = { shape, type: 'i32', inputs: [{ value: key, offset: 0, strides: shape.map(() => 0) }], steps: [] };
  fusion.setChain(node, joinChains('random', 'f32', [repeated], shape, node.attributes.stream));
};

const cast: Rule<'cast'> = (node, fusion) => {
  const [x] = node.inputs;
  if (x!.dtype === node.attributes.dtype) return fusion.setChain(node, fusion.chain(x!));
  return step(node.attributes.dtype === 'f32' ? 'toF32' : 'toI32')(node, fusion);
};

/** Ops that are one operation of a chain. */
type StepOp = Extract<OpName, MapOperationName>;

const steps = Object.fromEntries(
  Object.keys(mapOperations)
    .filter((name): name is StepOp => name in opTable)
    .map((op) => [op, step(op)]),
) as { readonly [K in StepOp]: Rule<K> };

/** Rules of element-wise ops and sources. What chains have an operation for needs no rule of its own. */
export const elementwise = { ...steps, full, iota, size, random, cast };
