// Reductions: their shaders do the steps of the chains that they read.
import { kernels } from '@hybridmed/kernels';
import { chainProblem } from '../plan/chains.ts';
import type { Rule } from './rule.ts';
import { rowsOf, runKernel } from './rule.ts';

/** A sum or maximum over axes. */
function reduction<K extends 'sum' | 'max'>(op: K): Rule<K> {
  return (node, fusion) => {
    const { axes } = node.attributes;
    const chain = fusion.readOnce(node.inputs[0]!);
    const { shape, inputs, steps } = chainProblem(chain);
    const values = chain.inputs.map(({ value }) => value);
    fusion.setValues(node, fusion.calls.run(kernels.reduce, { op, type: node.outputs[0]!.dtype, axes, shape, inputs, steps }, values));
  };
}

const argmax: Rule<'argmax'> = (node, fusion) => {
  const [x] = node.inputs;
  runKernel(fusion, node, kernels.argmax, { type: x!.dtype, ...rowsOf(x!, fusion) });
};

/** Rules of reductions. */
export const reductions = { sum: reduction('sum'), max: reduction('max'), argmax };
