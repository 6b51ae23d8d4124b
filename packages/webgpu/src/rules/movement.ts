// Ops that move values: views of chains where they can be, else copies into parts of an array.
import { kernels } from '@hybridmed/kernels';
import type { Node, OpName } from '@hybridmed/tensor';
import { bindDim, bindShape, sizeOf, stridesOf } from '@hybridmed/tensor';
import { broadcastChain, joinChains, reshapeChain, sliceChain, transposeChain } from '../plan/chains.ts';
import type { Fusion } from '../plan/fusion.ts';
import type { Chain } from '../plan/values.ts';
import type { Rule } from './rule.ts';
import { runKernel } from './rule.ts';

/** A movement as a view of a chain; where the chain depends on its positions, it is computed first. */
function view<K extends OpName>(viewOf: (chain: Chain, node: Node<K>, fusion: Fusion) => Chain | undefined): Rule<K> {
  return (node, fusion) => {
    const [x] = node.inputs;
    let moved = viewOf(fusion.chain(x!), node, fusion);
    if (!moved) {
      fusion.value(x!);
      moved = viewOf(fusion.chain(x!), node, fusion)!;
    }
    fusion.setChain(node, moved);
  };
}

const stopGradient: Rule<'stopGradient'> = view((chain) => chain);

const reshape: Rule<'reshape'> = view((chain, { outputs: [y] }, fusion) => reshapeChain(chain, fusion.shape(y!)));

const transpose: Rule<'transpose'> = view((chain, { attributes }) => transposeChain(chain, attributes.permutation));

const broadcast: Rule<'broadcast'> = view((chain, { outputs: [y] }, fusion) => broadcastChain(chain, fusion.shape(y!)));

const slice: Rule<'slice'> = view((chain, { attributes: { starts, sizes, strides } }, fusion) =>
  sliceChain(chain, starts, bindShape(sizes, fusion.bindings), strides),
);

const pad: Rule<'pad'> = (node, fusion) => {
  const [y] = node.outputs;
  const shape = fusion.shape(y!);
  const { low, interior } = node.attributes;
  const steps = stridesOf(shape);
  const value = fusion.compute(joinChains('constant', y!.dtype, [], shape, 0), fusion.type(y!));
  const offset = low.reduce((sum, start, axis) => sum + start * steps[axis]!, 0);
  fusion.write(fusion.chain(node.inputs[0]!), { value, offset, strides: steps.map((stride, axis) => stride * (interior[axis]! + 1)) });
  fusion.setValues(node, [value]);
};

/** Several chains are written into parts of one new array. */
const concat: Rule<'concat'> = (node, fusion) => {
  const { axis } = node.attributes;
  const [y] = node.outputs;
  const shape = fusion.shape(y!);
  const strides = stridesOf(shape);
  const value = fusion.calls.create(fusion.type(y!), sizeOf(shape));
  let start = 0;
  for (const part of node.inputs) {
    fusion.write(fusion.chain(part), { value, offset: start * strides[axis]!, strides });
    start += fusion.shape(part)[axis]!;
  }
  fusion.setValues(node, [value]);
};

const gather: Rule<'gather'> = (node, fusion) => {
  const [table, ids] = node.inputs.map((input) => fusion.shape(input)) as [number[], number[]];
  runKernel(fusion, node, kernels.gather, { type: node.outputs[0]!.dtype, rows: table[0]!, width: sizeOf(table.slice(1)), ids: sizeOf(ids) });
};

const scatterAdd: Rule<'scatterAdd'> = (node, fusion) => {
  const [updates, ids] = node.inputs.map((input) => fusion.shape(input)) as [number[], number[]];
  runKernel(fusion, node, kernels.scatterAdd, {
    type: node.outputs[0]!.dtype,
    rows: bindDim(node.attributes.rows, fusion.bindings),
    width: sizeOf(updates.slice(ids.length)),
    ids: sizeOf(ids),
  });
};

/** Rules of movement ops. */
export const movement = { reshape, transpose, broadcast, slice, stopGradient, pad, concat, gather, scatterAdd };
