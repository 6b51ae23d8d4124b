// Text of an element-wise chain: from a position to a value. The map kernel and the epilogues of other kernels are made of it.
import type { ItemType } from '../dispatch.ts';
import { sizeOf } from '../kernel.ts';
import type { Parameters } from '../parameters.ts';
import { f32, i32 } from '../parameters.ts';
import type { ItemType as StepType } from './functions.ts';
import { quotientFunction, randomFunction } from './functions.ts';
import type { MapOperation, TypeOf } from './operations.ts';
import { mapOperations } from './operations.ts';
import type { MapStep, View } from './problem.ts';
import { isDense } from './problem.ts';

const operations: Readonly<Record<string, MapOperation>> = mapOperations;

/** Expression of one step on the names of its arguments. `constant` is the name of its parameter, where it has one; inputs come after `given` values. */
function expression({ op, type, arguments: args, value = 0 }: MapStep, names: readonly string[], constant: string, given: number, quads: boolean): string {
  const of: TypeOf = (scalar) => (quads ? `vec4<${scalar}>` : scalar);
  switch (op) {
    case 'constant':
      return quads ? `${of(type === 'f32' ? 'f32' : 'i32')}(parameters.${constant})` : `parameters.${constant}`;
    case 'index':
      return `i32(c${value})`;
    case 'random':
      return `uniformAt(i, bitcast<u32>(x${args[0]! - given}[0]), bitcast<u32>(x${args[0]! - given}[1]), parameters.${constant})`;
    default:
      return operations[op]!.text(
        args.map((i) => names[i]!),
        of,
      );
  }
}

/** Functions that steps call, each once, in the order of the table; random numbers last. */
function functionsOf(steps: readonly MapStep[], item: StepType): string {
  const called = new Set(Object.keys(operations).flatMap((name) => (steps.some(({ op }) => op === name) ? (operations[name]!.functions ?? []) : [])));
  return [...[...called].map((text) => text(item)), steps.some(({ op }) => op === 'random') ? randomFunction : ''].join('');
}

/** A chain as text: lines, the functions that they call at the shader's top level, and the names of its values. */
export interface ChainText {
  readonly functions: string;
  readonly lines: readonly string[];
  readonly result: string;
  /** Where the element of `output` lies: an expression. */
  readonly target: string;
}

/** What a chain is made of: a position `i` over `shape`, values that are there already (`given`), views of arrays `x0`, `x1`, ..., steps. */
export interface ChainParts {
  readonly shape: readonly number[];
  readonly given: readonly string[];
  readonly inputs: readonly View[];
  readonly steps: readonly MapStep[];
  readonly output?: View;
  /** Whether items are quads: sizes and strides of the last axis count quads, and views that repeat along it give one element. */
  readonly quads?: boolean;
}

/** A loaded item as what steps compute with. */
function loaded({ type, strides }: View, load: string, quads: boolean): string {
  const computed = type === 'f16' ? 'f32' : type;
  if (quads) return type === 'f16' || strides.at(-1) === 0 ? `vec4<${computed}>(${strides.at(-1) === 0 && type === 'f16' ? `f32(${load})` : load})` : load;
  return type === 'f16' ? `f32(${load})` : load;
}

/** A view's parameters: `NAMEOffset` and `NAMEStrideAXIS`. */
const offsetName = (view: string): string => `${view}Offset`;
const strideName = (view: string, axis: number): string => `${view}Stride${axis}`;

/** Names of the steps' parameters, in order: a constant, the stream of random numbers, or none. */
function constantNames(steps: readonly MapStep[]): string[] {
  let count = 0;
  return steps.map(({ op }) => (op === 'constant' ? `constant${count++}` : op === 'random' ? `stream${count++}` : ''));
}

/** The views of a chain by name. */
const namedViews = ({ inputs, output }: ChainParts): (readonly [name: string, view: View])[] => [
  ...inputs.map((view, i) => [`x${i}`, view] as const),
  ...(output ? [['y', output] as const] : []),
];

/** Lines that give the coordinates of `i` along the axes that something needs: division is slow, and the first axes are left out. */
function coordinateLines(parts: ChainParts): string[] {
  const { shape, steps } = parts;
  const views = namedViews(parts).filter(([, view]) => !isDense(view, shape));
  const needed = shape.map(
    (_, axis) => views.some(([, { strides }]) => strides[axis] !== 0) || steps.some(({ op, value = 0 }) => op === 'index' && value === axis),
  );
  const least = needed.indexOf(true);
  if (least < 0) return [];
  const lines = ['  var rest = i;'];
  for (let axis = shape.length - 1; axis >= least; axis--) {
    if (axis === 0) lines.push('  let c0 = rest;');
    else {
      lines.push(`  let q${axis} = quotient(rest, parameters.size${axis});`);
      if (needed[axis]) lines.push(`  let c${axis} = rest - q${axis} * parameters.size${axis};`);
      if (axis > least) lines.push(`  rest = q${axis};`);
    }
  }
  return lines;
}

/** Where the element at `i` lies in a view: an expression of the coordinates. */
function placeIn(name: string, view: View, shape: readonly number[]): string {
  if (isDense(view, shape)) return 'i';
  // Reading a parameter costs some adapters as much as reading an element: what is 0 or 1 is not read.
  const terms = view.strides.flatMap((stride, axis) => (stride === 0 ? [] : [stride === 1 ? `c${axis}` : `c${axis} * parameters.${strideName(name, axis)}`]));
  return [...(view.offset === 0 && terms.length > 0 ? [] : [`parameters.${offsetName(name)}`]), ...terms].join(' + ');
}

/** Lines that compute the chain at `i`, with the parameters that `chainParameters` gives. */
export function chainText(parts: ChainParts): ChainText {
  const { shape, given, inputs, steps, output, quads = false } = parts;
  const lines = coordinateLines(parts);
  const names = [...given];
  const readWhole = new Set(steps.flatMap(({ op, arguments: args }) => (op === 'random' ? [args[0]! - given.length] : [])));
  inputs.forEach((view, i) => {
    names.push(`v${names.length}`);
    if (!readWhole.has(i)) lines.push(`  let ${names.at(-1)} = ${loaded(view, `x${i}[${placeIn(`x${i}`, view, shape)}]`, quads)};`);
  });
  const constants = constantNames(steps);
  steps.forEach((step, i) => {
    const value = expression(step, names, constants[i]!, given.length, quads);
    names.push(`v${names.length}`);
    lines.push(`  let ${names.at(-1)} = ${value};`);
  });
  const divides = lines.some((line) => line.includes('quotient('));
  return {
    functions: `${divides ? quotientFunction(sizeOf(shape)) : ''}${functionsOf(steps, quads ? 'vec4<f32>' : 'f32')}`,
    lines,
    result: names.at(-1)!,
    target: output ? placeIn('y', output, shape) : 'i',
  };
}

/** The parameters of a chain's text: sizes of the shape, offset and strides of each strided view, then the steps' values. */
export function chainParameters(parts: ChainParts): Parameters {
  const { shape, steps } = parts;
  const parameters: Record<string, Parameters[string]> = {};
  shape.forEach((size, axis) => (parameters[`size${axis}`] = size));
  for (const [name, view] of namedViews(parts)) {
    if (isDense(view, shape)) continue;
    parameters[offsetName(name)] = view.offset;
    view.strides.forEach((stride, axis) => (parameters[strideName(name, axis)] = stride));
  }
  const constants = constantNames(steps);
  steps.forEach(({ op, type, value = 0 }, i) => {
    if (op === 'constant') parameters[constants[i]!] = type === 'i32' ? i32(value) : f32(value);
    if (op === 'random') parameters[constants[i]!] = value;
  });
  return parameters;
}

/** The arrays that a chain's text reads: `x0`, `x1`, ..., as they are stored, in quads where those are neighbours. */
export const chainReads = ({ inputs, quads = false }: Pick<ChainParts, 'inputs' | 'quads'>): Readonly<Record<string, ItemType>> =>
  Object.fromEntries(inputs.map(({ type, strides }, i) => [`x${i}`, quads && strides.at(-1) !== 0 ? `vec4<${type}>` : type]));
