// Backward shaders of attention: D, then dQ by query rows, then dK and dV by key rows; probabilities come anew from the log-sum-exp.
import { declare, longItems, perThread, perTile, u } from '../shader.ts';
import { blockOf, seen, sizes } from './forward.ts';
import type { AttentionRows } from './problem.ts';
import type { Shape, Sharing } from './layout.ts';
import { cut, read, rowBindings, scalarBindings, stride, threadsOf, vectors, walk } from './layout.ts';

const rows = Array.from({ length: stride }, (_, r) => r);
const maskOf = ({ masked }: Shape) => (masked ? scalarBindings(['mask']) : []);
const start = (shape: Shape, sharing: Sharing, names: readonly AttentionRows[], writes: readonly AttentionRows[], parameterCount: number): string =>
  declare(
    [...rowBindings(shape, names), ...scalarBindings(['stats']), ...maskOf(shape), ...rowBindings(shape, writes, true)],
    parameterCount,
    sharing.kind === 'broadcast' ? ['subgroups'] : [],
  );
const asked = ({ kind }: Sharing) => (kind === 'broadcast' ? (['subgroup_invocation_id'] as const) : []);

/** out, dout, log-sum-exp -> for each row its log-sum-exp and D, the sum of the products of out and dout. */
export function statisticsShader(shape: Shape, parameterCount: number): string {
  const text = vectors(shape);
  return `${declare([...rowBindings(shape, ['o', 'g']), ...scalarBindings(['lse']), ...scalarBindings(['stats'], true)], parameterCount)}${perThread(
    u(0),
    `${sizes}
  let t = i % T; let h = (i / T) % heads; let b = i / (T * heads);
  let at = ((b * T + t) * heads + h) * ${cut(shape).count}u;
  ${text.load('out', 'o', 'at')}
  ${text.dot('sum', 'out', (e) => read(shape, 'g', `at + ${e}u`))}
  stats[2u * i] = lse[i];
  stats[2u * i + 1u] = sum;`,
    longItems,
  )}`;
}

/** q, k, v, dout, statistics, mask -> dq. */
export function queryShader(shape: Shape, sharing: Sharing, parameterCount: number): string {
  const text = vectors(shape);
  const threads = threadsOf(sharing);
  const { count } = cut(shape);
  const { declarations, loop } = walk(shape, sharing, {
    arrays: ['k', 'v'],
    first: '0u',
    last: 'last',
    at: (r) => `((b * S + ${r}) * heads + h) * ${count}u`,
    body: (part) => `${rows
      .map(
        (r) => `${text.dot(`score${r}`, 'query', (e) => part('k', r, e))}
    ${text.dot(`along${r}`, 'slope', (e) => part('v', r, e))}
    let ds${r} = select(0.0f, exp(score${r} - lse) * (along${r} - d) * scale, r${r} < last && ${seen(shape, 't', `r${r}`)});`,
      )
      .join('\n    ')}
    ${text.add(
      'total',
      rows.map((r) => ({ factor: `ds${r}`, part: (e) => part('k', r, e) })),
    )}`,
  });
  return `${start(shape, sharing, ['q', 'k', 'v', 'g'], ['dq'], parameterCount)}${declarations}${perTile(
    threads,
    u(0),
    `${sizes}
${blockOf(6)}
  let t = min(block * ${threads}u + lane, T - 1u);
  let qAt = ((b * T + t) * heads + h) * ${count}u;
  let lse = stats[2u * ((b * heads + h) * T + t)]; let d = stats[2u * ((b * heads + h) * T + t) + 1u];
  let last = ${shape.causal ? `min(S, min((block + 1u) * ${threads}u, T))` : 'S'};
  ${text.load('query', 'q', 'qAt', ' * scale')}
  ${text.load('slope', 'g', 'qAt')}
  ${text.clear('total')}
${loop}
  if (block * ${threads}u + lane < T) { ${text.store('total', 'dq', 'qAt')} }`,
    asked(sharing),
  )}`;
}

/** q, k, v, dout, statistics, mask -> dk, dv, or one of them where a thread's registers would not hold both. */
export function keyShader(shape: Shape, sharing: Sharing, outputs: readonly ('dk' | 'dv')[], parameterCount: number): string {
  const text = vectors(shape);
  const threads = threadsOf(sharing);
  const { count } = cut(shape);
  const keys = outputs.includes('dk');
  const { declarations, loop } = walk(shape, sharing, {
    arrays: ['q', 'g'],
    first: shape.causal ? `min(block * ${threads}u, T)` : '0u',
    last: 'T',
    at: (r) => `((b * T + ${r}) * heads + h) * ${count}u`,
    body: (part) => `${rows
      .map(
        (r) => `${text.dot(`score${r}`, 'key', (e) => part('q', r, e))}
    let row${r} = 2u * ((b * heads + h) * T + min(r${r}, T - 1u));
    let p${r} = select(0.0f, exp(score${r} - stats[row${r}]), r${r} < T && ${seen(shape, `r${r}`, 's')});${
      keys
        ? `
    ${text.dot(`along${r}`, 'value', (e) => part('g', r, e))}
    let ds${r} = p${r} * (along${r} - stats[row${r} + 1u]) * scale;`
        : ''
    }`,
      )
      .join('\n    ')}
    ${outputs
      .map((output) =>
        text.add(
          output,
          rows.map((r) => (output === 'dk' ? { factor: `ds${r}`, part: (e) => part('q', r, e) } : { factor: `p${r}`, part: (e) => part('g', r, e) })),
        ),
      )
      .join('\n    ')}`,
  });
  return `${start(shape, sharing, ['q', 'k', ...(keys ? (['v'] as const) : []), 'g'], outputs, parameterCount)}${declarations}${perTile(
    threads,
    u(0),
    `${sizes}
${blockOf(7)}
  let s = min(block * ${threads}u + lane, S - 1u);
  let kAt = ((b * S + s) * heads + h) * ${count}u;
  ${text.load('key', 'k', 'kAt', ' * scale')}
  ${keys ? text.load('value', 'v', 'kAt') : ''}
  ${outputs.map((output) => text.clear(output)).join(' ')}
${loop}
  if (block * ${threads}u + lane >= S) { return; }
  ${outputs.map((output) => text.store(output, output, 'kAt')).join('\n  ')}`,
    asked(sharing),
  )}`;
}
