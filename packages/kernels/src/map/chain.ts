// Text of an element-wise chain: from a position to a value. The map kernel and the epilogues of other kernels are made of it.
import { product } from '../kernel.ts';
import { f, floatBits, u } from '../shader.ts';
import type { MapStep, View } from './problem.ts';
import { isDense } from './problem.ts';

/** What a chain computes at a time: an element, or a quad of them. */
export type ItemType = 'f32' | 'vec4<f32>';

// Polynomials of erf with an error of about one unit in the last place, after N. Juffa (constants only).
const erfFunction = (T: ItemType): string => `
fn erf(a: ${T}) -> ${T} {
  let t = abs(a);
  let s = a * a;
  var r = fma(${T}(-1.72853470e-5f), t, ${T}(3.83197126e-4f));
  r = fma(r, s, fma(${T}(-3.88396438e-3f), t, ${T}(2.42546219e-2f)));
  r = fma(r, t, ${T}(-1.06777877e-1f));
  r = fma(r, t, ${T}(-6.34846687e-1f));
  r = fma(r, t, ${T}(-1.28717512e-1f));
  r = fma(r, t, -t);
  r = 1.0f - exp(r);
  var q = fma(${T}(-5.96761703e-4f), s, ${T}(4.99119423e-3f));
  q = fma(q, s, ${T}(-2.67681349e-2f));
  q = fma(q, s, ${T}(1.12819925e-1f));
  q = fma(q, s, ${T}(-3.76125336e-1f));
  q = fma(q, s, ${T}(1.28379166e-1f));
  return select(fma(q, a, a), select(r, -r, a < ${T}(0.0f)), t > ${T}(0.927734375f));
}`;

// The normal distribution function by an approximation of erf with an absolute error of 1.5e-7 [Abramowitz and Stegun 1964, 7.1.26]: one
// exponential, which the density has as well. GELU adds it to 1 or multiplies by it, where erf's last places are lost anyway.
const geluFunctions = (T: ItemType): string => `
struct Normal { cumulative: ${T}, density: ${T} }
fn normal(x: ${T}) -> Normal {
  let t = 1.0f / fma(abs(x), ${T}(0.23164189f), ${T}(1.0f));
  let e = exp(x * x * -0.5f);
  var r = fma(t, ${T}(0.5307027145f), ${T}(-0.7265760135f));
  r = fma(r, t, ${T}(0.7107068705f));
  r = fma(r, t, ${T}(-0.142248368f));
  r = fma(r, t, ${T}(0.127414796f));
  let tail = r * t * e;
  return Normal(select(1.0f - tail, tail, x < ${T}(0.0f)), 0.3989422804f * e);
}
fn gelu(x: ${T}) -> ${T} { return x * normal(x).cumulative; }
fn geluGrad(x: ${T}, dy: ${T}) -> ${T} {
  let at = normal(x);
  return dy * fma(x, at.density, at.cumulative);
}`;

// MurmurHash3's 32-bit finalizer (Austin Appleby, public domain), as the random op is defined.
const randomFunction = `
fn mix32(h: u32) -> u32 {
  var x = h;
  x = (x ^ (x >> 16u)) * 0x85ebca6bu;
  x = (x ^ (x >> 13u)) * 0xc2b2ae35u;
  return x ^ (x >> 16u);
}
fn uniformAt(index: u32, key0: u32, key1: u32, stream: u32) -> f32 {
  let h = mix32(index ^ key0);
  return f32(mix32((h + stream * 0x9e3779b9u) ^ key1) >> 8u) * 5.9604644775390625e-8f;
}`;

// Adapters divide whole numbers slowly, processors lane by lane, and these have no conversions of unsigned numbers either. Up to so many
// items the quotient of floats is off by one at most, division being off by two units in the last place too.
const exactItems = 2 ** 22;
const quotientFunction = (items: number): string =>
  items > exactItems
    ? '\nfn quotient(i: u32, n: u32) -> u32 { return i / n; }'
    : `
fn quotient(place: u32, size: u32) -> u32 {
  let i = bitcast<i32>(place);
  let n = bitcast<i32>(size);
  let q = i32(f32(i) * (1.0f / f32(n)));
  let rest = i - q * n;
  return bitcast<u32>(select(select(q, q + 1i, rest >= n), q - 1i, rest < 0i));
}`;

/** Functions that steps call. */
function functionsOf(steps: readonly MapStep[], T: ItemType): string {
  const uses = (...ops: MapStep['op'][]) => steps.some(({ op }) => ops.includes(op));
  return [uses('erf') ? erfFunction(T) : '', uses('gelu', 'geluGrad') ? geluFunctions(T) : '', uses('random') ? randomFunction : ''].join('');
}

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
