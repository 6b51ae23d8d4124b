// Text of an element-wise chain: from a position to a value. The map kernel and the epilogues of other kernels are made of it.
import { product } from '../kernel.ts';
import { f, floatBits, u } from '../shader.ts';
import { functionsOf, quotientFunction } from './functions.ts';
import type { MapStep, View } from './problem.ts';
import { isDense } from './problem.ts';

const infix: Partial<Record<MapStep['op'], string>> = { add: '+', sub: '-', mul: '*', div: '/' };

/** Expression of one step on the names of its arguments. */
function expression(
  { op, type, arguments: args, value = 0 }: MapStep,
  names: readonly string[],
  constant: () => number,
  given: number,
  quads: boolean,
): string {
  const of = (scalar: 'f32' | 'i32') => (quads ? `vec4<${scalar}>` : scalar);
  const [a, b, c] = args.map((i) => names[i]!);
  switch (op) {
    case 'add':
    case 'sub':
    case 'mul':
    case 'div':
      return `${a} ${infix[op]} ${b}`;
    case 'maximum':
      return `max(${a}, ${b})`;
    case 'less':
      return `select(${of('f32')}(0.0f), ${of('f32')}(1.0f), ${a} < ${b})`;
    case 'equal':
      return `select(${of('f32')}(0.0f), ${of('f32')}(1.0f), ${a} == ${b})`;
    case 'where':
      return `select(${c}, ${b}, ${a} != ${of('f32')}(0.0f))`;
    case 'neg':
      return `-${a}`;
    case 'gelu':
    case 'exp':
    case 'log':
    case 'sqrt':
    case 'erf':
      return `${op}(${a})`;
    case 'geluGrad':
      return `geluGrad(${a}, ${b})`;
    case 'toF32':
      return `${of('f32')}(${a})`;
    case 'toI32':
      return `${of('i32')}(${a})`;
    case 'constant': {
      const number = type === 'f32' ? f(constant()) : `bitcast<i32>(${u(constant())})`;
      return quads ? `${of(type === 'f32' ? 'f32' : 'i32')}(${number})` : number;
    }
    case 'index':
      return `i32(c${value})`;
    case 'random':
      return `uniformAt(i, bitcast<u32>(x${args[0]! - given}[0]), bitcast<u32>(x${args[0]! - given}[1]), ${u(constant())})`;
  }
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

/** Lines that compute the chain at `i`. Parameters from `first` on: shape, then offset and strides of each strided view, then the steps' values. */
export function chainText({ shape, given, inputs, steps, output, quads = false }: ChainParts, first: number): ChainText {
  const views = (output ? [...inputs, output] : inputs).filter((view) => !isDense(view, shape));
  const lines: string[] = [];
  // Division is slow: the coordinates of the first axes are left out where nothing needs them.
  const wanted = shape.map(
    (_, axis) => views.some(({ strides }) => strides[axis] !== 0) || steps.some(({ op, value = 0 }) => op === 'index' && value === axis),
  );
  const least = wanted.indexOf(true);
  if (least >= 0) {
    lines.push('  var rest = i;');
    for (let axis = shape.length - 1; axis >= least; axis--) {
      if (axis === 0) lines.push('  let c0 = rest;');
      else {
        lines.push(`  let q${axis} = quotient(rest, ${u(first + axis)});`);
        if (wanted[axis]) lines.push(`  let c${axis} = rest - q${axis} * ${u(first + axis)};`);
        if (axis > least) lines.push(`  rest = q${axis};`);
      }
    }
  }
  let next = first + shape.length;
  const place = (view: View): string => {
    if (isDense(view, shape)) return 'i';
    const start = next;
    next += 1 + shape.length;
    // Reading a parameter costs some adapters as much as reading an element: what is 0 or 1 is not read.
    const terms = shape.flatMap((_, axis) => {
      const stride = view.strides[axis]!;
      return stride === 0 ? [] : [stride === 1 ? `c${axis}` : `c${axis} * ${u(start + 1 + axis)}`];
    });
    return [...(view.offset === 0 && terms.length > 0 ? [] : [u(start)]), ...terms].join(' + ');
  };
  const names = [...given];
  const whole = new Set(steps.flatMap(({ op, arguments: args }) => (op === 'random' ? [args[0]! - given.length] : [])));
  inputs.forEach((view, i) => {
    const at = place(view);
    names.push(`v${names.length}`);
    if (!whole.has(i)) lines.push(`  let ${names.at(-1)} = ${loaded(view, `x${i}[${at}]`, quads)};`);
  });
  const target = output ? place(output) : 'i';
  const constant = () => next++;
  for (const step of steps) {
    const value = expression(step, names, constant, given.length, quads);
    names.push(`v${names.length}`);
    lines.push(`  let ${names.at(-1)} = ${value};`);
  }
  const divides = lines.some((line) => line.includes('quotient('));
  return {
    functions: `${divides ? quotientFunction(product(shape)) : ''}${functionsOf(steps, quads ? 'vec4<f32>' : 'f32')}`,
    lines,
    result: names.at(-1)!,
    target,
  };
}

/** The parameters that `chainText` reads, in its order. */
export function chainParameters({ shape, inputs, steps, output }: ChainParts): number[] {
  const views = (output ? [...inputs, output] : inputs).filter((view) => !isDense(view, shape)).flatMap(({ offset, strides }) => [offset, ...strides]);
  const values = steps.flatMap(({ op, type, value = 0 }) =>
    op === 'constant' ? [type === 'i32' ? value | 0 : floatBits(value)] : op === 'random' ? [value] : [],
  );
  return [...shape, ...views, ...values];
}
