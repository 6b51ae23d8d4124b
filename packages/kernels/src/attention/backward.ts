// Backward shaders of attention: D, then dQ by query rows, then dK and dV by key rows; probabilities come anew from the log-sum-exp.
import { shaderOf } from '../dispatch.ts';
import { longItems, perThread, perTile } from '../shader.ts';
import { attends, blockOf, sizes } from './forward.ts';
import type { Shape, Sharing } from './layout.ts';
import { boundMask, boundRows, cut, read, rowsOfStep, threadsOf, vectors } from './layout.ts';
import { walkText } from './walk.ts';

const broadcasts = ({ kind }: Sharing) => ({
  extensions: kind === 'broadcast' ? (['subgroups'] as const) : [],
  asked: kind === 'broadcast' ? (['subgroup_invocation_id'] as const) : [],
});

/** For each row its log-sum-exp and D, the sum of the products of out and its gradient. Parameters: those of the kernel. */
export function statisticsShader(shape: Shape) {
  const text = vectors(shape);
  return shaderOf({
    reads: { ...boundRows(shape, 'o', 'g'), logSumExp: 'f32' },
    writes: { statistics: 'f32' },
    code: perThread(
      'parameters.items',
      `${sizes}
  let t = i % T; let h = (i / T) % heads; let b = i / (T * heads);
  let at = ((b * T + t) * heads + h) * ${cut(shape).count}u;
  ${text.load('out', 'o', 'at')}
  ${text.dot('sum', 'out', (e) => read(shape, 'g', `at + ${e}u`))}
  statistics[2u * i] = logSumExp[i];
  statistics[2u * i + 1u] = sum;`,
      longItems,
    ),
  });
}

/** dQ by query rows. Parameters: those of the kernel. */
export function queryShader(shape: Shape, sharing: Sharing) {
  const text = vectors(shape);
  const threads = threadsOf(sharing);
  const { count } = cut(shape);
  const { declarations, loop } = walkText(shape, sharing, {
    arrays: ['k', 'v'],
    first: '0u',
    last: 'last',
    at: (r) => `((b * S + ${r}) * heads + h) * ${count}u`,
    body: (part) => `${rowsOfStep
      .map(
        (r) => `${text.dot(`score${r}`, 'query', (e) => part('k', r, e))}
    ${text.dot(`along${r}`, 'slope', (e) => part('v', r, e))}
    let ds${r} = select(0.0f, exp(score${r} - lse) * (along${r} - d) * scale, r${r} < last && ${attends(shape, 't', `r${r}`)});`,
      )
      .join('\n    ')}
    ${text.add(
      'total',
      rowsOfStep.map((r) => ({ factor: `ds${r}`, part: (e) => part('k', r, e) })),
    )}`,
  });
  const { extensions, asked } = broadcasts(sharing);
  return shaderOf({
    extensions,
    reads: { ...boundRows(shape, 'q', 'k', 'v', 'g'), statistics: 'f32', ...boundMask(shape) },
    writes: boundRows(shape, 'dq'),
    code: `${declarations}${perTile(
      threads,
      'parameters.items',
      `${sizes}
${blockOf('queryBlocks')}
  let t = min(block * ${threads}u + lane, T - 1u);
  let qAt = ((b * T + t) * heads + h) * ${count}u;
  let lse = statistics[2u * ((b * heads + h) * T + t)]; let d = statistics[2u * ((b * heads + h) * T + t) + 1u];
  let last = ${shape.causal ? `min(S, min((block + 1u) * ${threads}u, T))` : 'S'};
  ${text.load('query', 'q', 'qAt', ' * scale')}
  ${text.load('slope', 'g', 'qAt')}
  ${text.clear('total')}
${loop}
  if (block * ${threads}u + lane < T) { ${text.store('total', 'dq', 'qAt')} }`,
      asked,
    )}`,
  });
}

/** The loop over queries that sums dK, dV or both for a thread's key. */
function queryLoop(shape: Shape, sharing: Sharing, outputs: readonly ('dk' | 'dv')[]) {
  const text = vectors(shape);
  const ofKeys = (r: number, part: (array: 'g', row: number, e: number) => string) => `
    ${text.dot(`along${r}`, 'value', (e) => part('g', r, e))}
    let ds${r} = p${r} * (along${r} - statistics[row${r} + 1u]) * scale;`;
  return walkText(shape, sharing, {
    arrays: ['q', 'g'],
    first: shape.causal ? `min(block * ${threadsOf(sharing)}u, T)` : '0u',
    last: 'T',
    at: (r) => `((b * T + ${r}) * heads + h) * ${cut(shape).count}u`,
    body: (part) => `${rowsOfStep
      .map(
        (r) => `${text.dot(`score${r}`, 'key', (e) => part('q', r, e))}
    let row${r} = 2u * ((b * heads + h) * T + min(r${r}, T - 1u));
    let p${r} = select(0.0f, exp(score${r} - statistics[row${r}]), r${r} < T && ${attends(shape, `r${r}`, 's')});${outputs.includes('dk') ? ofKeys(r, part) : ''}`,
      )
      .join('\n    ')}
    ${outputs
      .map((output) =>
        text.add(
          output,
          rowsOfStep.map((r) => (output === 'dk' ? { factor: `ds${r}`, part: (e) => part('q', r, e) } : { factor: `p${r}`, part: (e) => part('g', r, e) })),
        ),
      )
      .join('\n    ')}`,
  });
}

/** dK and dV by key rows, or one of them where a thread's registers would not hold both. Parameters: those of the kernel. */
export function keyShader(shape: Shape, sharing: Sharing, outputs: readonly ('dk' | 'dv')[]) {
  const text = vectors(shape);
  const threads = threadsOf(sharing);
  const keys = outputs.includes('dk');
  const { declarations, loop } = queryLoop(shape, sharing, outputs);
  const { extensions, asked } = broadcasts(sharing);
  return shaderOf({
    extensions,
    reads: { ...boundRows(shape, 'q', 'k'), ...(keys ? boundRows(shape, 'v') : {}), ...boundRows(shape, 'g'), statistics: 'f32', ...boundMask(shape) },
    writes: boundRows(shape, ...outputs),
    code: `${declarations}${perTile(
      threads,
      'parameters.items',
      `${sizes}
${blockOf('keyBlocks')}
  let s = min(block * ${threads}u + lane, S - 1u);
  let kAt = ((b * S + s) * heads + h) * ${cut(shape).count}u;
  ${text.load('key', 'k', 'kAt', ' * scale')}
  ${keys ? text.load('value', 'v', 'kAt') : ''}
  ${outputs.map((output) => text.clear(output)).join(' ')}
${loop}
  if (block * ${threads}u + lane >= S) { return; }
  ${outputs.map((output) => text.store(output, output, 'kAt')).join('\n  ')}`,
      asked,
    )}`,
  });
}
