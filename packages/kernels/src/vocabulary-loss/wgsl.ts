// Shaders of the losses over a vocabulary: a workgroup or a subgroup per row of a part of the logits; one thread per row where the losses end.
import type { RowGroup } from '../row-group.ts';
import { rowTotals } from '../row-totals.ts';
import type { Binding, Lanes } from '../shader.ts';
import { declare, f, itemSum, itemType, longItems, lowest, perThread, u } from '../shader.ts';

/**
 * What is kept of a row between parts: greatest logit m, sum of exp(z - m), the target's logit; with a teacher also m and sum of the logits
 * / T, of the teacher's / T, and the sum of exp(t - m) (t - z) over both / T.
 */
export const runningWidth = (teacher: boolean): number => (teacher ? 8 : 3);

const scalar = (name: string, write = false): Binding => ({ name, type: 'f32', write });
const target: Binding = { name: 'target_id', type: 'i32' };
const columns = (body: string): string => `for (var j = lane; j < ${u(1)}; j += groupThreads) { ${body} }`;

/** Lines of lane 0: greatest and sum at `at` and `at + 1` of the row's numbers take in the part's; the first part begins them. */
const merge = (name: string, at: number): string => `    let old${name} = select(running[base + ${at}u], ${lowest}, first);
    let top${name} = max(old${name}, greatest${name});
    let kept${name} = exp(old${name} - top${name});
    let added${name} = exp(greatest${name} - top${name});
    running[base + ${at}u] = top${name};
    running[base + ${at + 1}u] = select(running[base + ${at + 1}u], 0.0f, first) * kept${name} + total${name} * added${name};`;

/** logits [, teacher], target -> running. Parameters: rows, items of a row, first word, words, 1 / T. */
export function partShader(teacher: boolean, lanes: Lanes, { extensions, reductions, entry }: RowGroup, parameterCount: number): string {
  const type = itemType(lanes);
  const width = runningWidth(teacher);
  const chosen = lanes === 1 ? 'x[start + u32(id)]' : `x[start + u32(id) / ${lanes}u][u32(id) % ${lanes}u]`;
  const bindings: Binding[] = [{ name: 'x', type }, ...(teacher ? [{ name: 't', type } as const] : []), target, scalar('running', true)];
  const divergence = `
${rowTotals('S', lanes, (j) => `x[start + ${j}] * cool`)}
${rowTotals('T', lanes, (j) => `t[start + ${j}] * cool`)}
  var apart = ${type}(0.0f);
  ${columns('apart += exp(t[start + j] * cool - greatestT) * (t[start + j] - x[start + j]) * cool;')}
  let sumA = groupSum(${itemSum(lanes, 'apart')}, lane);`;
  return `${declare(bindings, parameterCount, extensions)}${reductions}${entry(
    u(0),
    `  let start = i * ${u(1)};
  let first = ${u(2)} == 0u;${teacher ? `\n  let cool = ${f(4)};` : ''}
${rowTotals('', lanes, (j) => `x[start + ${j}]`)}${teacher ? divergence : ''}
  if (lane == 0u) {
    let base = i * ${width}u;
${merge('', 0)}
    let id = target_id[i] - i32(${u(2)});
    if (id >= 0 && id < i32(${u(1)} * ${lanes}u)) { running[base + 2u] = ${chosen}; }${
      teacher
        ? `
${merge('S', 3)}
${merge('T', 5)}
    running[base + 7u] = select(running[base + 7u], 0.0f, first) * keptT + sumA * addedT;`
        : ''
    }
  }`,
  )}`;
}

/** running, target -> cross-entropy, [divergence,] log-sum-exp [of the logits / T, of the teacher's / T]. Parameters: rows, words. */
export function finishShader(teacher: boolean, parameterCount: number): string {
  const outputs = teacher ? ['loss', 'divergence', 'lse', 'lse_s', 'lse_t'] : ['loss', 'lse'];
  return `${declare([scalar('running'), target, ...outputs.map((name) => scalar(name, true))], parameterCount)}${perThread(
    u(0),
    `  let base = i * ${runningWidth(teacher)}u;
  let total = log(running[base + 1u]);
  let inside = target_id[i] >= 0 && target_id[i] < i32(${u(1)});
  lse[i] = running[base] + total;
  loss[i] = select(0.0f, (running[base] - running[base + 2u]) + total, inside);${
    teacher
      ? `
  let totalS = log(running[base + 4u]);
  let totalT = log(running[base + 6u]);
  lse_s[i] = running[base + 3u] + totalS;
  lse_t[i] = running[base + 5u] + totalT;
  divergence[i] = running[base + 7u] / running[base + 6u] + ((running[base + 3u] - running[base + 5u]) + (totalS - totalT));`
      : ''
  }`,
    longItems,
  )}`;
}

/** target, log-sum-exp, slope [, teacher, log-sum-exps of both / T, slope of the divergence] -> logits become gradients. Parameters as the part's. */
export function gradientShader(teacher: boolean, lanes: Lanes, { extensions, reductions, entry }: RowGroup, parameterCount: number): string {
  const type = itemType(lanes);
  const places = Array.from({ length: lanes }, (_, l) => `i32(j * ${lanes}u) + ${l}`).join(', ');
  const [own, id] = lanes === 1 ? [places, 'id'] : [`vec${lanes}<i32>(${places})`, `vec${lanes}<i32>(id)`];
  const given: Binding[] = teacher ? [{ name: 't', type }, scalar('lse_s'), scalar('lse_t'), scalar('slope_t')] : [];
  const bindings: Binding[] = [target, scalar('lse'), scalar('slope'), ...given, { name: 'x', type, write: true }];
  const divergence = ' + (exp(z * cool - totalS) - exp(t[start + j] * cool - totalT)) * factorT';
  return `${declare(bindings, parameterCount, extensions)}${reductions}${entry(
    u(0),
    `  let start = i * ${u(1)};
  let total = lse[i];
  let factor = select(0.0f, slope[i], target_id[i] >= 0 && target_id[i] < i32(${u(3)}));
  let id = target_id[i] - i32(${u(2)});${
    teacher
      ? `
  let cool = ${f(4)};
  let totalS = lse_s[i];
  let totalT = lse_t[i];
  let factorT = slope_t[i] * cool;`
      : ''
  }
  ${columns(
    `let z = x[start + j]; x[start + j] = (exp(z - total) - select(${type}(0.0f), ${type}(1.0f), ${own} == ${id})) * factor${teacher ? divergence : ''};`,
  )}`,
  )}`;
}
