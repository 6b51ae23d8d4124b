// Shaders of attention: one thread per query row and head, or per key row and head; scores are never stored.
// A row's vector lies in registers, as quads where the head size allows it.
import type { Binding } from '../shader.ts';
import { declare, f, perThread, u } from '../shader.ts';
import type { AttentionProblem } from './index.ts';

type Shape = Pick<AttentionProblem, 'headSize' | 'causal' | 'masked'>;

/** How a row's vector is cut: `count` parts of `width` elements. */
function cut({ headSize }: Shape): { count: number; width: 1 | 4 } {
  return headSize % 4 === 0 ? { count: headSize / 4, width: 4 } : { count: headSize, width: 1 };
}

const rows = (shape: Shape, names: readonly string[], write = false): Binding[] =>
  names.map((name) => ({ name, type: cut(shape).width === 4 ? 'vec4<f32>' : 'f32', write }));
const scalars = (names: readonly string[], write = false): Binding[] => names.map((name) => ({ name, type: 'f32', write }));
const maskOf = ({ masked }: Shape): Binding[] => (masked ? scalars(['mask']) : []);

/** One line per part of a vector. */
const each = (shape: Shape, line: (e: number) => string): string => Array.from({ length: cut(shape).count }, (_, e) => line(e)).join(' ');
const zero = (shape: Shape): string => (cut(shape).width === 4 ? 'vec4<f32>(0.0f)' : '0.0f');
const splat = (shape: Shape, value: string): string => (cut(shape).width === 4 ? `vec4<f32>(${value})` : value);
/** The sum of a vector's parts in `name`. */
const total = (shape: Shape, name: string): string => (cut(shape).width === 4 ? `((${name}.x + ${name}.y) + (${name}.z + ${name}.w))` : name);
/** Registers `name0`, `name1`, ... loaded from an array. */
const load = (shape: Shape, name: string, from: string, at: string, factor = ''): string =>
  each(shape, (e) => `let ${name}${e} = ${from}[${at} + ${e}u]${factor};`);
const clear = (shape: Shape, name: string): string => each(shape, (e) => `var ${name}${e} = ${zero(shape)};`);
const store = (shape: Shape, name: string, to: string, at: string, divisor = ''): string => each(shape, (e) => `${to}[${at} + ${e}u] = ${name}${e}${divisor};`);
/** Adds a vector's products with registers to `sum`, part by part. */
const dot = (shape: Shape, sum: string, name: string, from: string, at: string): string =>
  `var ${sum}Parts = ${zero(shape)}; ${each(shape, (e) => `${sum}Parts = fma(${name}${e}, ${from}[${at} + ${e}u], ${sum}Parts);`)} let ${sum} = ${total(shape, `${sum}Parts`)};`;
const accumulate = (shape: Shape, name: string, factor: string, from: string, at: string): string =>
  each(shape, (e) => `${name}${e} = fma(${splat(shape, factor)}, ${from}[${at} + ${e}u], ${name}${e});`);

// Parameters: B, T, S, heads, scale, query threads, key threads.
const sizes = `  let T = ${u(1)}; let S = ${u(2)}; let heads = ${u(3)}; let scale = ${f(4)};`;

/** Thread i is query row `t` of head `h` of study `b`; `qAt` is where its vector begins, `row` its log-sum-exp. */
const asQuery = (shape: Shape) => `${sizes}
  let t = i % T; let h = (i / T) % heads; let b = i / (T * heads);
  let qAt = ((b * T + t) * heads + h) * ${cut(shape).count}u;
  let row = i;`;

/** Thread i is key row `s` of head `h` of study `b`. */
const asKey = (shape: Shape) => `${sizes}
  let s = i % S; let h = (i / S) % heads; let b = i / (S * heads);
  let kAt = ((b * S + s) * heads + h) * ${cut(shape).count}u;`;

const seen = ({ causal, masked }: Shape): string => [causal ? 's <= t' : '', masked ? 'mask[b * S + s] != 0.0f' : ''].filter(Boolean).join(' && ') || 'true';
const lowest = '-1.0e30f';

/** Lines that walk the keys a query sees; `body` sees `s` and `kAt`. */
const keysOfQuery = (shape: Shape, body: string): string => `let last = ${shape.causal ? 'min(S, t + 1u)' : 'S'};
  for (var s = 0u; s < last; s++) {
    if (!(${seen(shape)})) { continue; }
    let kAt = ((b * S + s) * heads + h) * ${cut(shape).count}u;
    ${body}
  }`;

/** Lines that walk the queries a key is seen by; `body` sees `t`, `qAt` and `row`. */
const queriesOfKey = (shape: Shape, body: string): string => `for (var t = ${shape.causal ? 's' : '0u'}; t < T; t++) {
    if (!(${seen(shape)})) { continue; }
    let qAt = ((b * T + t) * heads + h) * ${cut(shape).count}u;
    let row = (b * heads + h) * T + t;
    ${body}
  }`;

/** q, k, v -> out, log-sum-exp: running maximum and sum [Milakov & Gimelshein 2018]. */
export function forwardShader(shape: Shape, parameterCount: number): string {
  return `${declare([...rows(shape, ['q', 'k', 'v']), ...maskOf(shape), ...rows(shape, ['o'], true), ...scalars(['lse'], true)], parameterCount)}${perThread(
    u(5),
    `${asQuery(shape)}
  ${load(shape, 'query', 'q', 'qAt', ' * scale')}
  ${clear(shape, 'total')}
  var greatest = ${lowest}; var sum = 0.0f;
  ${keysOfQuery(
    shape,
    `${dot(shape, 'score', 'query', 'k', 'kAt')}
    if (score > greatest) {
      let shrink = exp(greatest - score);
      sum *= shrink;
      ${each(shape, (e) => `total${e} *= shrink;`)}
      greatest = score;
    }
    let p = exp(score - greatest);
    sum += p;
    ${accumulate(shape, 'total', 'p', 'v', 'kAt')}`,
  )}
  let safe = max(sum, 1.0e-30f);
  ${store(shape, 'total', 'o', 'qAt', ' / safe')}
  lse[row] = greatest + log(safe);`,
  )}`;
}

/** out, dout -> D: the sum of their products over a row. */
export function rowShader(shape: Shape, parameterCount: number): string {
  return `${declare([...rows(shape, ['o', 'g']), ...scalars(['d'], true)], parameterCount)}${perThread(
    u(5),
    `${asQuery(shape)}
  ${load(shape, 'out', 'o', 'qAt')}
  ${dot(shape, 'sum', 'out', 'g', 'qAt')}
  d[row] = sum;`,
  )}`;
}

const backward = (shape: Shape): Binding[] => [...rows(shape, ['q', 'k', 'v', 'g']), ...scalars(['lse', 'd']), ...maskOf(shape)];

/** q, k, v, dout, log-sum-exp, D -> dq. */
export function queryShader(shape: Shape, parameterCount: number): string {
  return `${declare([...backward(shape), ...rows(shape, ['dq'], true)], parameterCount)}${perThread(
    u(5),
    `${asQuery(shape)}
  ${load(shape, 'query', 'q', 'qAt', ' * scale')}
  ${load(shape, 'slope', 'g', 'qAt')}
  ${clear(shape, 'total')}
  ${keysOfQuery(
    shape,
    `${dot(shape, 'score', 'query', 'k', 'kAt')}
    ${dot(shape, 'along', 'slope', 'v', 'kAt')}
    let ds = exp(score - lse[row]) * (along - d[row]) * scale;
    ${accumulate(shape, 'total', 'ds', 'k', 'kAt')}`,
  )}
  ${store(shape, 'total', 'dq', 'qAt')}`,
  )}`;
}

/** q, k, v, dout, log-sum-exp, D -> dk. */
export function keyShader(shape: Shape, parameterCount: number): string {
  return `${declare([...backward(shape), ...rows(shape, ['dk'], true)], parameterCount)}${perThread(
    u(6),
    `${asKey(shape)}
  ${load(shape, 'key', 'k', 'kAt', ' * scale')}
  ${load(shape, 'value', 'v', 'kAt')}
  ${clear(shape, 'total')}
  ${queriesOfKey(
    shape,
    `${dot(shape, 'score', 'key', 'q', 'qAt')}
    ${dot(shape, 'along', 'value', 'g', 'qAt')}
    let ds = exp(score - lse[row]) * (along - d[row]) * scale;
    ${accumulate(shape, 'total', 'ds', 'q', 'qAt')}`,
  )}
  ${store(shape, 'total', 'dk', 'kAt')}`,
  )}`;
}

/** q, k, dout, log-sum-exp -> dv. */
export function valueShader(shape: Shape, parameterCount: number): string {
  return `${declare([...rows(shape, ['q', 'k', 'g']), ...scalars(['lse']), ...maskOf(shape), ...rows(shape, ['dv'], true)], parameterCount)}${perThread(
    u(6),
    `${asKey(shape)}
  ${load(shape, 'key', 'k', 'kAt', ' * scale')}
  ${clear(shape, 'total')}
  ${queriesOfKey(
    shape,
    `${dot(shape, 'score', 'key', 'q', 'qAt')}
    let p = exp(score - lse[row]);
    ${accumulate(shape, 'total', 'p', 'g', 'qAt')}`,
  )}
  ${store(shape, 'total', 'dv', 'kAt')}`,
  )}`;
}
