// Element-wise chains on the host.
import type { Numbers } from '../kernel.ts';
import { sizeOf } from '../kernel.ts';
import type { MapOperation } from './operations.ts';
import { mapOperations } from './operations.ts';
import type { MapProblem, MapStep, View } from './problem.ts';

function mix(h: number): number {
  let x = h >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

const operations: Readonly<Record<string, MapOperation>> = mapOperations;

function apply({ op, type, value = 0 }: MapStep, values: readonly number[], key: Numbers | undefined, i: number, index: readonly number[]): number {
  switch (op) {
    case 'constant':
      return value;
    case 'index':
      return index[value]!;
    case 'random': {
      const h = mix((i ^ key![0]!) >>> 0);
      return (mix(((h + Math.imul(value, 0x9e3779b9)) ^ key![1]!) >>> 0) >>> 8) * 2 ** -24;
    }
    default:
      return operations[op]!.value(values, type === 'i32');
  }
}

/** Every element of a chain in turn, in float64, with its place in the shape. */
export function elementsOf(
  { shape, inputs, steps }: Pick<MapProblem, 'shape' | 'inputs' | 'steps'>,
  arrays: readonly Numbers[],
  take: (value: number, index: readonly number[]) => void,
): void {
  const index = shape.map(() => 0);
  for (let i = 0; i < sizeOf(shape); i++) {
    let rest = i;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis] = rest % shape[axis]!;
      rest = Math.floor(rest / shape[axis]!);
    }
    const values = inputs.map((view, k) => arrays[k]![placeOf(view, index)]!);
    for (const step of steps)
      values.push(
        apply(
          step,
          step.arguments.map((k) => values[k]!),
          step.op === 'random' ? arrays[step.arguments[0]!] : undefined,
          i,
          index,
        ),
      );
    take(values.at(-1)!, index);
  }
}

const placeOf = ({ offset, strides }: View, index: readonly number[]): number => strides.reduce((sum, stride, axis) => sum + stride * index[axis]!, offset);

/** The chain over all elements. */
export function reference(problem: MapProblem, arrays: readonly Numbers[]): Numbers[] {
  const { output } = problem;
  const out = output.type === 'i32' ? new Int32Array(output.length) : new Float32Array(output.length);
  elementsOf(problem, arrays, (value, index) => void (out[placeOf(output, index)] = value));
  return [out];
}
