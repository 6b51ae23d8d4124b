// Element-wise chains on the host.
import type { Numbers } from '../kernel.ts';
import { sizeOf } from '../kernel.ts';
import type { MapProblem, MapStep, View } from './problem.ts';

/** erf by its Maclaurin series and, further out, the continued fraction of erfc. */
export function erf(x: number): number {
  const t = Math.abs(x);
  if (t < 3) {
    let [term, sum] = [t, t];
    for (let n = 1; n < 80; n++) {
      term *= (-t * t) / n;
      sum += term / (2 * n + 1);
    }
    return (Math.sign(x) * 2 * sum) / Math.sqrt(Math.PI);
  }
  let fraction = 0;
  for (let n = 60; n > 0; n--) fraction = n / 2 / (t + fraction);
  return Math.sign(x) * (1 - Math.exp(-t * t) / Math.sqrt(Math.PI) / (t + fraction));
}

function mix(h: number): number {
  let x = h >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

const cumulative = (x: number) => 0.5 * (1 + erf(x / Math.SQRT2));

function apply({ op, type, value = 0 }: MapStep, [a, b, c]: readonly number[], key: Numbers | undefined, i: number, index: readonly number[]): number {
  switch (op) {
    case 'add':
      return a! + b!;
    case 'sub':
      return a! - b!;
    case 'mul':
      return a! * b!;
    case 'div':
      return type === 'i32' ? Math.trunc(a! / b!) : a! / b!;
    case 'maximum':
      return Math.max(a!, b!);
    case 'less':
      return a! < b! ? 1 : 0;
    case 'equal':
      return Object.is(a, b) || a === b ? 1 : 0;
    case 'where':
      return a! !== 0 ? b! : c!;
    case 'neg':
      return -a!;
    case 'exp':
      return Math.exp(a!);
    case 'log':
      return Math.log(a!);
    case 'sqrt':
      return Math.sqrt(a!);
    case 'erf':
      return erf(a!);
    case 'gelu':
      return a! * cumulative(a!);
    case 'geluGrad':
      return b! * (cumulative(a!) + (a! * Math.exp(-0.5 * a! * a!)) / Math.sqrt(2 * Math.PI));
    case 'toF32':
      return a!;
    case 'toI32':
      return Math.trunc(a!);
    case 'constant':
      return value;
    case 'index':
      return index[value]!;
    case 'random': {
      const h = mix((i ^ key![0]!) >>> 0);
      return (mix(((h + Math.imul(value, 0x9e3779b9)) ^ key![1]!) >>> 0) >>> 8) * 2 ** -24;
    }
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
