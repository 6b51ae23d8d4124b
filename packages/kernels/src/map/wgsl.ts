// The shader of an element-wise chain: one thread per element.
import { declare, f, perThread, u } from '../shader.ts';
import type { MapProblem, MapStep } from './problem.ts';
import { isDense } from './problem.ts';

// Polynomials of erf with an error of about one unit in the last place, after N. Juffa (constants only).
const erfFunction = `
fn erf(a: f32) -> f32 {
  let t = abs(a);
  let s = a * a;
  if (t > 0.927734375f) {
    var r = fma(-1.72853470e-5f, t, 3.83197126e-4f);
    r = fma(r, s, fma(-3.88396438e-3f, t, 2.42546219e-2f));
    r = fma(r, t, -1.06777877e-1f);
    r = fma(r, t, -6.34846687e-1f);
    r = fma(r, t, -1.28717512e-1f);
    r = fma(r, t, -t);
    r = 1.0f - exp(r);
    return select(r, -r, a < 0.0f);
  }
  var r = -5.96761703e-4f;
  r = fma(r, s, 4.99119423e-3f);
  r = fma(r, s, -2.67681349e-2f);
  r = fma(r, s, 1.12819925e-1f);
  r = fma(r, s, -3.76125336e-1f);
  r = fma(r, s, 1.28379166e-1f);
  return fma(r, a, a);
}`;

const geluFunctions = `
fn gelu(x: f32) -> f32 { return 0.5f * x * (1.0f + erf(x * 0.7071067811865476f)); }
fn geluGrad(x: f32, dy: f32) -> f32 {
  let cumulative = 0.5f * (1.0f + erf(x * 0.7071067811865476f));
  return dy * (cumulative + x * 0.3989422804014327f * exp(-0.5f * x * x));
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

function helpers(steps: readonly MapStep[]): string {
  const uses = (...ops: MapStep['op'][]) => steps.some(({ op }) => ops.includes(op));
  return [uses('erf', 'gelu', 'geluGrad') ? erfFunction : '', uses('gelu', 'geluGrad') ? geluFunctions : '', uses('random') ? randomFunction : ''].join('');
}

const infix: Partial<Record<MapStep['op'], string>> = { add: '+', sub: '-', mul: '*', div: '/' };

/** Expression of one step on the names of its arguments. */
function expression({ op, type, arguments: args, value = 0 }: MapStep, names: readonly string[], constant: () => number): string {
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
      return `select(0.0f, 1.0f, ${a} < ${b})`;
    case 'equal':
      return `select(0.0f, 1.0f, ${a} == ${b})`;
    case 'where':
      return `select(${c}, ${b}, ${a} != 0.0f)`;
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
      return `f32(${a})`;
    case 'toI32':
      return `i32(${a})`;
    case 'constant':
      return type === 'f32' ? f(constant()) : `bitcast<i32>(${u(constant())})`;
    case 'index':
      return `i32(c${value})`;
    case 'random':
      return `uniformAt(i, bitcast<u32>(x${args[0]}[0]), bitcast<u32>(x${args[0]}[1]), ${u(constant())})`;
  }
}

/** The shader; its text depends on the chain and on which views are dense, not on sizes. */
export function shader({ shape, inputs, steps, output }: MapProblem, parameterCount: number): string {
  const bindings = [...inputs.map(({ type }, i) => ({ name: `x${i}`, type })), { name: 'y', type: output.type, write: true }];
  const strided = [...inputs, output].some((view) => !isDense(view, shape)) || steps.some(({ op }) => op === 'index');
  const lines: string[] = [];
  if (strided) {
    lines.push('  var rest = i;');
    for (let axis = shape.length - 1; axis >= 0; axis--)
      lines.push(axis === 0 ? `  let c0 = rest;` : `  let c${axis} = rest % ${u(1 + axis)}; rest = rest / ${u(1 + axis)};`);
  }
  let next = 1 + shape.length;
  const place = (view: MapProblem['output']): string => {
    if (isDense(view, shape)) return 'i';
    const start = next;
    next += 1 + shape.length;
    return [u(start), ...shape.map((_, axis) => `c${axis} * ${u(start + 1 + axis)}`)].join(' + ');
  };
  const whole = new Set(steps.flatMap(({ op, arguments: args }) => (op === 'random' ? [args[0]!] : [])));
  inputs.forEach((view, i) => {
    const at = place(view);
    if (!whole.has(i)) lines.push(`  let v${i} = x${i}[${at}];`);
  });
  const target = place(output);
  const names = [...inputs, ...steps].map((_, i) => `v${i}`);
  const constant = () => next++;
  steps.forEach((step, i) => lines.push(`  let v${inputs.length + i} = ${expression(step, names, constant)};`));
  lines.push(`  y[${target}] = ${names.at(-1)};`);
  return `${declare(bindings, parameterCount)}${helpers(steps)}${perThread(u(0), lines.join('\n'))}`;
}
