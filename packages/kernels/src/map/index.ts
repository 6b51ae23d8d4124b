// Element-wise chains: a few steps per element over strided inputs, written to a strided output. Movement is a chain without steps.
import type { Kernel, Numbers } from '../kernel.ts';
import { product } from '../kernel.ts';
import { floatBits, pack, spreadThreads } from '../shader.ts';
import { cases } from './cases.ts';
import type { MapProblem } from './problem.ts';
import { isDense } from './problem.ts';
import { reference } from './reference.ts';
import { shader } from './wgsl.ts';

/** Parameters: count, shape, then offset and strides of each strided view, then the steps' values. */
function parametersOf({ shape, inputs, steps, output }: MapProblem): number[] {
  const views = [...inputs, output].filter((view) => !isDense(view, shape)).flatMap(({ offset, strides }) => [offset, ...strides]);
  const values = steps.flatMap(({ op, type, value = 0 }) =>
    op === 'constant' ? [type === 'i32' ? value | 0 : floatBits(value)] : op === 'random' ? [value] : [],
  );
  return [product(shape), ...shape, ...views, ...values];
}

/** The kernel. */
export const map: Kernel<MapProblem> = {
  name: 'map',
  pass: () => 'forward',
  arrays: ({ inputs, output }) => ({ inputs: inputs.map(({ type, length }) => ({ type, length })), outputs: [{ type: output.type, length: output.length }] }),
  dispatches: (problem) => {
    const count = product(problem.shape);
    if (count === 0) return [];
    const parameters = pack(parametersOf(problem));
    const arrays = [...problem.inputs.keys(), problem.inputs.length];
    return [
      {
        label: `map ${problem.steps.map(({ op }) => op).join(' ')}`,
        code: shader(problem, parameters.length),
        parameters,
        arrays,
        writes: [problem.inputs.length],
        workgroups: spreadThreads(count),
      },
    ];
  },
  cost: ({ shape, inputs, steps }) => ({ flops: product(shape) * steps.length, bytes: 4 * product(shape) * (inputs.length + 1) }),
  reference: (problem, inputs): readonly Numbers[] => reference(problem, inputs),
  cases,
};
