// Element-wise chains: a few steps per element over strided inputs, written to a strided output. Movement is a chain without steps.
import { dispatchOf } from '../dispatch.ts';
import type { Kernel, Numbers } from '../kernel.ts';
import { arrayOf, elementBytes, sizeOf, sumOf } from '../kernel.ts';
import { spreadThreads } from '../shader.ts';
import { cases } from './cases.ts';
import { chainParameters } from './chain.ts';
import type { MapProblem } from './problem.ts';
import { reference } from './reference.ts';
import { quadsOf, shader } from './wgsl.ts';

/** The kernel: arrays `x0`, `x1`, ... -> `y`. */
export const map: Kernel<MapProblem> = {
  name: 'map',
  pass: () => 'forward',
  arrays: ({ inputs, output }) => ({
    inputs: inputs.map(({ type, length }, i) => arrayOf(`x${i}`, length, type)),
    outputs: [arrayOf('y', output.length, output.type)],
  }),
  dispatches: (problem) => {
    if (sizeOf(problem.shape) === 0) return [];
    const quads = quadsOf(problem);
    const items = quads ?? problem;
    const count = sizeOf(items.shape);
    const label = `map ${problem.steps.map(({ op }) => op).join(' ')}`;
    return [dispatchOf(label, { count, ...chainParameters({ ...items, given: [] }) }, shader(items, quads !== undefined), spreadThreads(count))];
  },
  cost: ({ shape, inputs, steps, output }) => ({
    flops: sizeOf(shape) * steps.length,
    bytes: sizeOf(shape) * sumOf([...inputs, output], ({ type }) => elementBytes(type)),
  }),
  reference: (problem, inputs): readonly Numbers[] => reference(problem, inputs),
  cases,
};
