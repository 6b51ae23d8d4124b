// Forward shaders of attention: one thread per query row, and for few queries one workgroup per row that shares out the keys.
// Scores are never stored; a running maximum and sum take their place [Milakov & Gimelshein 2018].
import { declare, f, groupReductions, lowest, perGroup, perTile, range, u } from '../shader.ts';
import type { Shape, Sharing } from './layout.ts';
import { cut, read, rowBindings, scalarBindings, stored, stride, threadsOf, vectors, walk } from './layout.ts';

// Parameters: items, B, T, S, heads, scale, blocks of queries, blocks of keys.
/** Lines that every shader begins with: sizes. */
export const sizes = `  let T = ${u(2)}; let S = ${u(3)}; let heads = ${u(4)}; let scale = ${f(5)};`;

/** Item i is a block of rows of head `h` of study `b`: lines that say which. */
export const blockOf = (blocks: number): string => `  let block = i % ${u(blocks)}; let h = (i / ${u(blocks)}) % heads; let b = i / (${u(blocks)} * heads);`;

/** Whether query `t` sees key `s`. */
export const seen = ({ causal, masked }: Shape, t: string, s: string): string =>
  [causal ? `${s} <= ${t}` : '', masked ? `mask[b * S + min(${s}, S - 1u)] != 0.0f` : ''].filter(Boolean).join(' && ') || 'true';

/** Below every score. */
const least = '-1.0e30f';
const bindings = (shape: Shape) => [
  ...rowBindings(shape, ['q', 'k', 'v']),
  ...(shape.masked ? scalarBindings(['mask']) : []),
  ...rowBindings(shape, ['o'], true),
  ...scalarBindings(['lse'], true),
];

/** q, k, v, mask -> out, log-sum-exp. */
export function forwardShader(shape: Shape, sharing: Sharing, parameterCount: number): string {
  const text = vectors(shape);
  const threads = threadsOf(sharing);
  const rows = range(stride);
  const { declarations, loop } = walk(shape, sharing, {
    arrays: ['k', 'v'],
    first: '0u',
    last: 'last',
    at: (r) => `((b * S + ${r}) * heads + h) * ${cut(shape).count}u`,
    body: (part) => `${rows.map((r) => text.dot(`score${r}`, 'query', (e) => part('k', r, e))).join('\n    ')}
    ${rows.map((r) => `let seen${r} = r${r} < last && ${seen(shape, 't', `r${r}`)};`).join(' ')}
    let most = ${rows.reduce((a, r) => `max(${a}, select(${least}, score${r}, seen${r}))`, 'greatest')};
    let shrink = exp(greatest - most);
    ${rows.map((r) => `let p${r} = select(0.0f, exp(score${r} - most), seen${r});`).join(' ')}
    greatest = most;
    sum = ${rows.reduce((a, r) => `${a} + p${r}`, 'sum * shrink')};
    ${text.scale('total', 'shrink')}
    ${text.add(
      'total',
      rows.map((r) => ({ factor: `p${r}`, part: (e) => part('v', r, e) })),
    )}`,
  });
  return `${declare(bindings(shape), parameterCount, sharing.kind === 'broadcast' ? ['subgroups'] : [])}${declarations}${perTile(
    threads,
    u(0),
    `${sizes}
${blockOf(6)}
  let t = min(block * ${threads}u + lane, T - 1u);
  let qAt = ((b * T + t) * heads + h) * ${cut(shape).count}u;
  let last = ${shape.causal ? `min(S, min((block + 1u) * ${threads}u, T))` : 'S'};
  ${text.load('query', 'q', 'qAt', ' * scale')}
  ${text.clear('total')}
  var greatest = ${least}; var sum = 0.0f;
${loop}
  if (block * ${threads}u + lane >= T) { return; }
  let safe = max(sum, 1.0e-30f);
  ${text.store('total', 'o', 'qAt', ' / safe')}
  lse[(b * heads + h) * T + t] = greatest + log(safe);`,
    sharing.kind === 'broadcast' ? ['subgroup_invocation_id'] : [],
  )}`;
}

/** The same for few queries, as in decoding: one workgroup per query row, its threads share the keys and join what they found. */
export function decodeShader(shape: Shape, parameterCount: number): string {
  const text = vectors(shape);
  const { count, type } = cut(shape);
  return `${declare(bindings(shape), parameterCount)}${groupReductions}
var<workgroup> totals: array<${type}, groupThreads>;${perGroup(
    u(0),
    `${sizes}
  let t = i % T; let h = (i / T) % heads; let b = i / (T * heads);
  let qAt = ((b * T + t) * heads + h) * ${count}u;
  ${text.load('query', 'q', 'qAt', ' * scale')}
  ${text.clear('total')}
  var greatest = ${least}; var sum = 0.0f;
  for (var s = lane; s < ${shape.causal ? 'min(S, t + 1u)' : 'S'}; s += groupThreads) {
    if (!(${seen(shape, 't', 's')})) { continue; }
    let at = ((b * S + s) * heads + h) * ${count}u;
    ${text.dot('score', 'query', (e) => read(shape, 'k', `at + ${e}u`))}
    let most = max(greatest, score);
    let shrink = exp(greatest - most);
    let p = exp(score - most);
    greatest = most;
    sum = sum * shrink + p;
    ${text.scale('total', 'shrink')}
    ${text.add('total', [{ factor: 'p', part: (e) => read(shape, 'v', `at + ${e}u`) }])}
  }
  let top = groupMax(select(${lowest}, greatest, sum > 0.0f), lane);
  let factor = select(0.0f, exp(greatest - top), sum > 0.0f);
  let all = groupSum(sum * factor, lane);
  let safe = max(all, 1.0e-30f);
${range(count)
  .map(
    (e) => `  workgroupBarrier();
  totals[lane] = total${e} * factor;
  workgroupBarrier();
  if (lane == 0u) { var part = totals[0]; for (var other = 1u; other < groupThreads; other++) { part += totals[other]; } o[qAt + ${e}u] = ${stored(shape, 'o', 'part / safe')}; }`,
  )
  .join('\n')}
  if (lane == 0u) { lse[i] = select(${least}, top, all > 0.0f) + log(safe); }`,
  )}`;
}
