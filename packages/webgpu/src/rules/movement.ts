// Ops that move values: views of chains where they can be, else copies into parts of an array.
import { kernels } from '@hybridmed/kernels';
import type { Node, OpName } from '@hybridmed/tensor';
import { bindDim, bindShape, sizeOf, stridesOf } from '@hybridmed/tensor';
import { broadcastChain, joinChains, reshapeChain, sliceChain, transposeChain } from '../plan/chains.ts';
import type { Lowering } from '../plan/lowering.ts';
import type { Chain } from '../plan/values.ts';
import type { Rule } from './rule.ts';
import { runKernel } from './rule.ts';

/** A movement as a view of a chain; where the chain depends on its positions, it is computed first. */
function view<K extends OpName>(viewOf: (chain: Chain, node: Node<K>, lowering: Lowering) => Chain | undefined): Rule<K> {
  return (node, lowering) => {
    const [x] = node.inputs;
    let moved = viewOf(lowering.chain(x!), node, lowering);
    if (!moved) {
      lowering.value(x!);
      moved = viewOf(lowering.chain(x!), node, lowering)!;
    }
    lowering.setChain(node, moved);
  };
}

const stopGradient: Rule<'stopGradient'> = view((chain) => chain);

const reshape: Rule<'reshape'> = view((chain, { outputs: [y] }, lowering) => reshapeChain(chain, lowering.shape(y!)));

const transpose: Rule<'transpose'> = view((chain, { attributes }) => transposeChain(chain, attributes.permutation));

const broadcast: Rule<'broadcast'> = view((chain, { outputs: [y] }, lowering) => broadcastChain(chain, lowering.shape(y!)));

const slice: Rule<'slice'> = view((chain, { attributes: { starts, sizes, strides } }, lowering) =>
  sliceChain(chain, starts, bindShape(sizes, lowering.bindings), strides),
);

const pad: Rule<'pad'> = (node, lowering) => {
  const [y] = node.outputs;
  const shape = lowering.shape(y!);
  const { low, interior } = node.attributes;
  const steps = stridesOf(shape);
  const value = lowering.compute(joinChains('constant', y!.dtype, [], shape, 0), lowering.type(y!));
  const offset = low.reduce((sum, start, axis) => sum + start * steps[axis]!, 0);
  lowering.write(lowering.chain(node.inputs[0]!), { value, offset, strides: steps.map((stride, axis) => stride * (interior[axis]! + 1)) });
  lowering.setValues(node, [value]);
};

/** Several chains are written into parts of one new array. */
const concat: Rule<'concat'> = (node, lowering) => {
  const { axis } = node.attributes;
  const [y] = node.outputs;
  const shape = lowering.shape(y!);
  const strides = stridesOf(shape);
  const value = lowering.emission.create(lowering.type(y!), sizeOf(shape));
  let start = 0;
  for (const part of node.inputs) {
    lowering.write(lowering.chain(part), { value, offset: start * strides[axis]!, strides });
    start += lowering.shape(part)[axis]!;
  }
  lowering.setValues(node, [value]);
};

const gather: Rule<'gather'> = (node, lowering) => {
  const [table, ids] = node.inputs.map((input) => lowering.shape(input)) as [number[], number[]];
  runKernel(lowering, node, kernels.gather, { type: node.outputs[0]!.dtype, rows: table[0]!, width: sizeOf(table.slice(1)), ids: sizeOf(ids) });
};

const scatterAdd: Rule<'scatterAdd'> = (node, lowering) => {
  const [updates, ids] = node.inputs.map((input) => lowering.shape(input)) as [number[], number[]];
  runKernel(lowering, node, kernels.scatterAdd, {
    type: node.outputs[0]!.dtype,
    rows: bindDim(node.attributes.rows, lowering.bindings),
    width: sizeOf(updates.slice(ids.length)),
    ids: sizeOf(ids),
  });
};

/** Rules of movement ops. */
export const movement = { reshape, transpose, broadcast, slice, stopGradient, pad, concat, gather, scatterAdd };
