// Forward shaders of attention: one thread per query row, and for few queries one workgroup per row that shares out the keys.
// Scores are never stored; a running maximum and sum take their place [Milakov & Gimelshein 2018].
import { shaderOf } from '../dispatch.ts';
import { groupReductions, lowest, perGroup, perTile, range } from '../shader.ts';
import type { Shape, Sharing } from './layout.ts';
import { boundMask, boundRows, cut, read, rowsOfStep, stored, threadsOf, vectors } from './layout.ts';
import { walkText } from './walk.ts';

/** Lines that every shader begins with: queries T, keys S and what else all of them read. */
export const sizes = '  let T = parameters.queries; let S = parameters.keys; let heads = parameters.heads; let scale = parameters.scale;';

/** Item i is a block of rows of head `h` of study `b`: lines that say which. `blocks` names the parameter that counts them. */
export const blockOf = (blocks: 'queryBlocks' | 'keyBlocks'): string =>
  `  let block = i % parameters.${blocks}; let h = (i / parameters.${blocks}) % heads; let b = i / (parameters.${blocks} * heads);`;

/** Whether query `t` may attend to key `s`. */
export const attends = ({ causal, masked }: Shape, t: string, s: string): string =>
  [causal ? `${s} <= ${t}` : '', masked ? `mask[b * S + min(${s}, S - 1u)] != 0.0f` : ''].filter(Boolean).join(' && ') || 'true';

/** Below every score. */
const least = '-1.0e30f';

/** What both shaders bind. */
const bound = (shape: Shape) =>
  ({ reads: { ...boundRows(shape, 'q', 'k', 'v'), ...boundMask(shape) }, writes: { ...boundRows(shape, 'o'), logSumExp: 'f32' } }) as const;

/** Parameters: those of the kernel. */
export function forwardShader(shape: Shape, sharing: Sharing) {
  const text = vectors(shape);
  const threads = threadsOf(sharing);
  const { declarations, loop } = walkText(shape, sharing, {
    arrays: ['k', 'v'],
    first: '0u',
    last: 'last',
    at: (r) => `((b * S + ${r}) * heads + h) * ${cut(shape).count}u`,
    body: (part) => `${rowsOfStep.map((r) => text.dot(`score${r}`, 'query', (e) => part('k', r, e))).join('\n    ')}
    ${rowsOfStep.map((r) => `let seen${r} = r${r} < last && ${attends(shape, 't', `r${r}`)};`).join(' ')}
    let most = ${rowsOfStep.reduce((a, r) => `max(${a}, select(${least}, score${r}, seen${r}))`, 'greatest')};
    let shrink = exp(greatest - most);
    ${rowsOfStep.map((r) => `let p${r} = select(0.0f, exp(score${r} - most), seen${r});`).join(' ')}
    greatest = most;
    sum = ${rowsOfStep.reduce((a, r) => `${a} + p${r}`, 'sum * shrink')};
    ${text.scale('total', 'shrink')}
    ${text.add(
      'total',
      rowsOfStep.map((r) => ({ factor: `p${r}`, part: (e) => part('v', r, e) })),
    )}`,
  });
  const broadcasts = sharing.kind === 'broadcast';
  return shaderOf({
    ...bound(shape),
    extensions: broadcasts ? ['subgroups'] : [],
    code: `${declarations}${perTile(
      threads,
      'parameters.items',
      `${sizes}
${blockOf('queryBlocks')}
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
  logSumExp[(b * heads + h) * T + t] = greatest + log(safe);`,
      broadcasts ? ['subgroup_invocation_id'] : [],
    )}`,
  });
}

/** The same for few queries, as in decoding: one workgroup per query row, its threads share the keys and join what they found. */
export function decodeShader(shape: Shape) {
  const text = vectors(shape);
  const { count, type } = cut(shape);
  return shaderOf({
    ...bound(shape),
    code: `${groupReductions}
var<workgroup> totals: array<${type}, groupThreads>;${perGroup(
      'parameters.items',
      `${sizes}
  let t = i % T; let h = (i / T) % heads; let b = i / (T * heads);
  let qAt = ((b * T + t) * heads + h) * ${count}u;
  ${text.load('query', 'q', 'qAt', ' * scale')}
  ${text.clear('total')}
  var greatest = ${least}; var sum = 0.0f;
  for (var s = lane; s < ${shape.causal ? 'min(S, t + 1u)' : 'S'}; s += groupThreads) {
    if (!(${attends(shape, 't', 's')})) { continue; }
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
  if (lane == 0u) { logSumExp[i] = select(${least}, top, all > 0.0f) + log(safe); }`,
    )}`,
  });
}
