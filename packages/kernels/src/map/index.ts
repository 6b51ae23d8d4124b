// Element-wise chains: a few steps per element over strided inputs, written to a strided output. Movement is a chain without steps.
import type { Kernel, Numbers } from '../kernel.ts';
import { elementBytes, product } from '../kernel.ts';
import { pack, spreadThreads } from '../shader.ts';
import { cases } from './cases.ts';
import { chainParameters } from './chain.ts';
import type { MapProblem } from './problem.ts';
import { reference } from './reference.ts';
import { quadsOf, shader } from './wgsl.ts';

/** The kernel. */
export const map: Kernel<MapProblem> = {
  name: 'map',
  pass: () => 'forward',
  arrays: ({ inputs, output }) => ({ inputs: inputs.map(({ type, length }) => ({ type, length })), outputs: [{ type: output.type, length: output.length }] }),
  dispatches: (whole) => {
    if (product(whole.shape) === 0) return [];
    const quads = quadsOf(whole);
    const problem = quads ?? whole;
    const count = product(problem.shape);
    const parameters = pack([count, ...chainParameters({ ...problem, given: [] })]);
    const arrays = [...problem.inputs.keys(), problem.inputs.length];
    return [
      {
        label: `map ${problem.steps.map(({ op }) => op).join(' ')}`,
        code: shader(problem, quads !== undefined, parameters.length),
        parameters,
        arrays,
        writes: [problem.inputs.length],
        workgroups: spreadThreads(count),
      },
    ];
  },
  cost: ({ shape, inputs, steps, output }) => ({
    flops: product(shape) * steps.length,
    bytes: product(shape) * [...inputs, output].reduce((total, { type }) => total + elementBytes(type), 0),
  }),
  reference: (problem, inputs): readonly Numbers[] => reference(problem, inputs),
  cases,
};
