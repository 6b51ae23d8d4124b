// Building chains: joining element-wise expressions, and reading them in another shape or order.
import { sizeOf, stridesOf } from '@hybridmed/tensor';
import type { ElementType, MapProblem, MapStep } from '@hybridmed/kernels';
import type { Argument, Chain, ChainInput, ChainStep, Value } from './values.ts';

/** A value read as it lies. */
export const chainOf = (value: Value, shape: readonly number[]): Chain => ({
  shape,
  type: value.type,
  inputs: [{ value, offset: 0, strides: stridesOf(shape) }],
  steps: [],
});

/** Whether a chain only reads one value as it lies. */
export function isWhole({ shape, inputs, steps }: Chain): boolean {
  const [input] = inputs;
  if (steps.length > 0 || inputs.length !== 1 || input!.offset !== 0 || input!.value.length !== sizeOf(shape)) return false;
  const dense = stridesOf(shape);
  return shape.every((size, axis) => size === 1 || input!.strides[axis] === dense[axis]);
}

/** A chain as kernels take it: views of its values, steps whose arguments are numbers. */
export function chainProblem({ shape, inputs, steps }: Chain): Omit<MapProblem, 'output'> {
  return {
    shape,
    inputs: inputs.map(({ value: { type, length }, offset, strides }) => ({ type, length, offset, strides })),
    steps: steps.map((step) => ({
      ...step,
      arguments: step.arguments.map((argument) => ('input' in argument ? argument.input : inputs.length + argument.step)),
    })),
  };
}

const positional = ({ steps }: Chain): boolean => steps.some(({ op }) => op === 'index' || op === 'random');

/** Whether a chain can be repeated over a larger shape without doing costly work again. */
export const isCheap = (chain: Chain): boolean => !positional(chain) && chain.steps.length <= 1;

const withInputs = (chain: Chain, shape: readonly number[], change: (input: ChainInput) => ChainInput): Chain => ({
  ...chain,
  shape,
  inputs: chain.inputs.map(change),
});

/** The chain over a shape it broadcasts to, or undefined where it depends on its own positions. */
export function broadcastChain(chain: Chain, shape: readonly number[]): Chain | undefined {
  if (chain.shape.length === shape.length && chain.shape.every((size, axis) => size === shape[axis])) return chain;
  if (positional(chain)) return undefined;
  const lead = shape.length - chain.shape.length;
  return withInputs(chain, shape, ({ value, offset, strides }) => ({
    value,
    offset,
    strides: shape.map((_, axis) => (axis < lead || chain.shape[axis - lead] === 1 ? 0 : strides[axis - lead]!)),
  }));
}

/** The chain with its axes in another order. */
export function transposeChain(chain: Chain, permutation: readonly number[]): Chain | undefined {
  if (positional(chain)) return undefined;
  return withInputs(
    chain,
    permutation.map((axis) => chain.shape[axis]!),
    ({ value, offset, strides }) => ({ value, offset, strides: permutation.map((axis) => strides[axis]!) }),
  );
}

/** A part of the chain. */
export function sliceChain(chain: Chain, starts: readonly number[], sizes: readonly number[], steps: readonly number[]): Chain | undefined {
  if (positional(chain)) return undefined;
  return withInputs(chain, sizes, ({ value, offset, strides }) => ({
    value,
    offset: starts.reduce((sum, start, axis) => sum + start * strides[axis]!, offset),
    strides: strides.map((stride, axis) => stride * steps[axis]!),
  }));
}

/** The chain under another shape, where all its inputs lie dense or repeat one element. */
export function reshapeChain(chain: Chain, shape: readonly number[]): Chain | undefined {
  if (positional(chain)) return undefined;
  const dense = stridesOf(chain.shape);
  const uniform = ({ offset, strides, value }: ChainInput) =>
    value.length <= offset + 1 || strides.every((stride, axis) => stride === 0 || chain.shape[axis] === 1);
  const whole = ({ offset, strides }: ChainInput) => offset === 0 && chain.shape.every((size, axis) => size === 1 || strides[axis] === dense[axis]);
  if (!chain.inputs.every((input) => whole(input) || uniform(input))) return undefined;
  const next = stridesOf(shape);
  return withInputs(chain, shape, (input) => ({ value: input.value, offset: input.offset, strides: whole(input) ? next : shape.map(() => 0) }));
}

const sameInput = (a: ChainInput, b: ChainInput): boolean =>
  a.value === b.value && a.offset === b.offset && a.strides.every((stride, axis) => stride === b.strides[axis]);

/** A step on chains of one shape. */
export function joinChains(op: MapStep['op'], type: ElementType, parts: readonly Chain[], shape: readonly number[], value?: number): Chain {
  const inputs: ChainInput[] = [];
  const steps: ChainStep[] = [];
  const results = parts.map((part): Argument => {
    const inputAt = part.inputs.map((input) => {
      const known = inputs.findIndex((other) => sameInput(other, input));
      return known >= 0 ? known : inputs.push(input) - 1;
    });
    const stepAt: number[] = [];
    for (const step of part.steps) {
      stepAt.push(steps.length);
      steps.push({
        ...step,
        arguments: step.arguments.map((argument) => ('input' in argument ? { input: inputAt[argument.input]! } : { step: stepAt[argument.step]! })),
      });
    }
    return part.steps.length > 0 ? { step: stepAt.at(-1)! } : { input: inputAt[0]! };
  });
  steps.push({ op, type, arguments: results, ...(value === undefined ? {} : { value }) });
  return { shape, type, inputs, steps };
}
