// Element-wise chains: a few steps per element over strided inputs, written to a strided output. Movement is a chain without steps.
import type { ElementType, Kernel, Numbers } from '../kernel.ts';
import { product } from '../kernel.ts';
import { floatBits, pack, spreadThreads } from '../shader.ts';
import { cases } from './cases.ts';
import { reference } from './reference.ts';
import { shader } from './wgsl.ts';

/** Steps that take values of one type (`add` to `maximum` also take i32). */
export type MapOp = 'add' | 'sub' | 'mul' | 'div' | 'maximum' | 'less' | 'equal' | 'where' | 'neg' | 'exp' | 'log' | 'sqrt' | 'erf' | 'gelu' | 'geluGrad' | 'toF32' | 'toI32' | 'constant' | 'index' | 'random';

/**
 * One step. `arguments` are numbers of earlier values: the inputs first, then the steps. `constant` has a `value`; `index` gives
 * the position along axis `value`; `random` reads input `arguments[0]`, a key of two i32, as a whole, with stream `value`.
 */
export interface MapStep {
  readonly op: MapOp;
  readonly type: ElementType;
  readonly arguments: readonly number[];
  readonly value?: number;
}

/** Where elements lie: `offset + sum(index * stride)`. A stride of 0 repeats. */
export interface View {
  readonly type: ElementType;
  /** Elements of the array that is bound. */
  readonly length: number;
  readonly offset: number;
  readonly strides: readonly number[];
}

/** A chain over all indices of `shape`; the last value (step, or the only input) is written. */
export interface MapProblem {
  readonly shape: readonly number[];
  readonly inputs: readonly View[];
  readonly steps: readonly MapStep[];
  readonly output: View;
}

/** True where a view's elements lie in the order of the index. */
export function isDense(view: View, shape: readonly number[]): boolean {
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && view.strides[axis] !== step) return false;
    step *= shape[axis]!;
  }
  return view.offset === 0;
}

/** Parameters: count, shape, then offset and strides of each strided view, then the steps' values. */
function parametersOf({ shape, inputs, steps, output }: MapProblem): number[] {
  const views = [...inputs, output].filter((view) => !isDense(view, shape)).flatMap(({ offset, strides }) => [offset, ...strides]);
  const values = steps.flatMap(({ op, type, value = 0 }) => (op === 'constant' ? [type === 'i32' ? value | 0 : floatBits(value)] : op === 'random' ? [value] : []));
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
    return [{ label: `map ${problem.steps.map(({ op }) => op).join(' ')}`, code: shader(problem, parameters.length), parameters, arrays, writes: [problem.inputs.length], workgroups: spreadThreads(count) }];
  },
  cost: ({ shape, inputs, steps }) => ({ flops: product(shape) * steps.length, bytes: 4 * product(shape) * (inputs.length + 1) }),
  reference: (problem, inputs): readonly Numbers[] => reference(problem, inputs),
  cases,
};
