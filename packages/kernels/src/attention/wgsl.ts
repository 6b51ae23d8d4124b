// Shaders of attention: one thread per query row and head, or per key row and head; scores are never stored.
import type { Binding } from '../shader.ts';
import { declare, f, perThread, u } from '../shader.ts';
import type { AttentionProblem } from './index.ts';

type Shape = Pick<AttentionProblem, 'headSize' | 'causal' | 'masked'>;

const read = (name: string): Binding => ({ name, type: 'f32' });
const write = (name: string): Binding => ({ name, type: 'f32', write: true });
const maskOf = ({ masked }: Shape): Binding[] => (masked ? [read('mask')] : []);

// Parameters: B, T, S, heads, scale, query threads, key threads.
const sizes = `  let T = ${u(1)}; let S = ${u(2)}; let heads = ${u(3)}; let scale = ${f(4)};`;

/** Thread i is query row `t` of head `h` of study `b`; `qAt` is where its vector begins, `row` its log-sum-exp. */
const asQuery = (n: number) => `${sizes}
  let t = i % T; let h = (i / T) % heads; let b = i / (T * heads);
  let D = heads * ${n}u;
  let qAt = (b * T + t) * D + h * ${n}u;
  let row = i;`;

/** Thread i is key row `s` of head `h` of study `b`. */
const asKey = (n: number) => `${sizes}
  let s = i % S; let h = (i / S) % heads; let b = i / (S * heads);
  let D = heads * ${n}u;
  let kAt = (b * S + s) * D + h * ${n}u;`;

const loop = (n: number, body: string): string => `for (var e = 0u; e < ${n}u; e++) { ${body} }`;
const seen = ({ causal, masked }: Shape): string => [causal ? 's <= t' : '', masked ? 'mask[b * S + s] != 0.0f' : ''].filter(Boolean).join(' && ') || 'true';
const lowest = '-1.0e30f';

/** q, k, v -> out, log-sum-exp: running maximum and sum [Milakov & Gimelshein 2018]. */
export function forwardShader(shape: Shape, parameterCount: number): string {
  const n = shape.headSize;
  return `${declare([read('q'), read('k'), read('v'), ...maskOf(shape), write('o'), write('lse')], parameterCount)}${perThread(u(5), `${asQuery(n)}
  var query: array<f32, ${n}>; var total: array<f32, ${n}>;
  ${loop(n, 'query[e] = q[qAt + e] * scale; total[e] = 0.0f;')}
  var greatest = ${lowest}; var sum = 0.0f;
  let last = ${shape.causal ? 'min(S, t + 1u)' : 'S'};
  for (var s = 0u; s < last; s++) {
    if (!(${seen(shape)})) { continue; }
    let kAt = (b * S + s) * D + h * ${n}u;
    var score = 0.0f;
    ${loop(n, 'score = fma(query[e], k[kAt + e], score);')}
    if (score > greatest) {
      let shrink = exp(greatest - score);
      sum *= shrink;
      ${loop(n, 'total[e] *= shrink;')}
      greatest = score;
    }
    let p = exp(score - greatest);
    sum += p;
    ${loop(n, 'total[e] = fma(p, v[kAt + e], total[e]);')}
  }
  let safe = max(sum, 1.0e-30f);
  ${loop(n, 'o[qAt + e] = total[e] / safe;')}
  lse[row] = greatest + log(safe);`)}`;
}

/** out, dout -> D: the sum of their products over a row. */
export function rowShader({ headSize: n }: Shape, parameterCount: number): string {
  return `${declare([read('o'), read('g'), write('d')], parameterCount)}${perThread(u(5), `${asQuery(n)}
  var sum = 0.0f;
  ${loop(n, 'sum = fma(o[qAt + e], g[qAt + e], sum);')}
  d[row] = sum;`)}`;
}

/** q, k, v, dout, log-sum-exp, D -> dq. */
export function queryShader(shape: Shape, parameterCount: number): string {
  const n = shape.headSize;
  return `${declare([read('q'), read('k'), read('v'), read('g'), read('lse'), read('d'), ...maskOf(shape), write('dq')], parameterCount)}${perThread(u(5), `${asQuery(n)}
  var query: array<f32, ${n}>; var slope: array<f32, ${n}>; var total: array<f32, ${n}>;
  ${loop(n, 'query[e] = q[qAt + e] * scale; slope[e] = g[qAt + e]; total[e] = 0.0f;')}
  let last = ${shape.causal ? 'min(S, t + 1u)' : 'S'};
  for (var s = 0u; s < last; s++) {
    if (!(${seen(shape)})) { continue; }
    let kAt = (b * S + s) * D + h * ${n}u;
    var score = 0.0f; var along = 0.0f;
    ${loop(n, 'score = fma(query[e], k[kAt + e], score); along = fma(slope[e], v[kAt + e], along);')}
    let ds = exp(score - lse[row]) * (along - d[row]) * scale;
    ${loop(n, 'total[e] = fma(ds, k[kAt + e], total[e]);')}
  }
  ${loop(n, 'dq[qAt + e] = total[e];')}`)}`;
}

/** Lines that walk the queries a key is seen by; `body` sees `t`, `qAt` and `row`. */
const queriesOfKey = (shape: Shape, body: string): string => `for (var t = ${shape.causal ? 's' : '0u'}; t < T; t++) {
    if (!(${seen(shape)})) { continue; }
    let qAt = (b * T + t) * D + h * ${shape.headSize}u;
    let row = (b * heads + h) * T + t;
    ${body}
  }`;

/** q, k, v, dout, log-sum-exp, D -> dk. */
export function keyShader(shape: Shape, parameterCount: number): string {
  const n = shape.headSize;
  return `${declare([read('q'), read('k'), read('v'), read('g'), read('lse'), read('d'), ...maskOf(shape), write('dk')], parameterCount)}${perThread(u(6), `${asKey(n)}
  var key: array<f32, ${n}>; var value: array<f32, ${n}>; var total: array<f32, ${n}>;
  ${loop(n, 'key[e] = k[kAt + e] * scale; value[e] = v[kAt + e]; total[e] = 0.0f;')}
  ${queriesOfKey(shape, `var score = 0.0f; var along = 0.0f;
    ${loop(n, 'score = fma(q[qAt + e], key[e], score); along = fma(g[qAt + e], value[e], along);')}
    let ds = exp(score - lse[row]) * (along - d[row]) * scale;
    ${loop(n, 'total[e] = fma(ds, q[qAt + e], total[e]);')}`)}
  ${loop(n, 'dk[kAt + e] = total[e];')}`)}`;
}

/** q, k, dout, log-sum-exp -> dv. */
export function valueShader(shape: Shape, parameterCount: number): string {
  const n = shape.headSize;
  return `${declare([read('q'), read('k'), read('g'), read('lse'), ...maskOf(shape), write('dv')], parameterCount)}${perThread(u(6), `${asKey(n)}
  var key: array<f32, ${n}>; var total: array<f32, ${n}>;
  ${loop(n, 'key[e] = k[kAt + e] * scale; total[e] = 0.0f;')}
  ${queriesOfKey(shape, `var score = 0.0f;
    ${loop(n, 'score = fma(q[qAt + e], key[e], score);')}
    let p = exp(score - lse[row]);
    ${loop(n, 'total[e] = fma(p, g[qAt + e], total[e]);')}`)}
  ${loop(n, 'dv[kAt + e] = total[e];')}`)}`;
}
