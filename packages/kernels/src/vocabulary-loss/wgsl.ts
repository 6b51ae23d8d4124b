// Shaders of the losses over a vocabulary: a workgroup or a subgroup per row of a part of the logits; one thread per row where the losses end.
import { shaderOf } from '../dispatch.ts';
import type { RowGroup } from '../row-group.ts';
import { rowTotals } from '../row-totals.ts';
import type { Lanes } from '../shader.ts';
import { eachItem, itemIndices, itemSum, itemType, longItems, lowest, perThread } from '../shader.ts';

/**
 * What is kept of a row between parts: greatest logit m, sum of exp(z - m), the target's logit; with a teacher also m and sum of the logits
 * / T, of the teacher's / T, and the sum of exp(t - m) (t - z) over both / T.
 */
export const runningWidth = (teacher: boolean): number => (teacher ? 8 : 3);

/** Lines of lane 0: greatest and sum at `at` and `at + 1` of the row's numbers take in the part's; the first part begins them. */
const merge = (name: string, at: number): string => `    let old${name} = select(running[base + ${at}u], ${lowest}, first);
    let top${name} = max(old${name}, greatest${name});
    let kept${name} = exp(old${name} - top${name});
    let added${name} = exp(greatest${name} - top${name});
    running[base + ${at}u] = top${name};
    running[base + ${at + 1}u] = select(running[base + ${at + 1}u], 0.0f, first) * kept${name} + total${name} * added${name};`;

/** Parameters: rows, rowItems, start (the part's first word), vocabulary, inverseTemperature. */
export function partShader(teacher: boolean, lanes: Lanes, { extensions, reductions, entry }: RowGroup) {
  const item = itemType(lanes);
  const ofTarget = lanes === 1 ? 'logits[start + u32(id)]' : `logits[start + u32(id) / ${lanes}u][u32(id) % ${lanes}u]`;
  const divergence = `
${rowTotals('S', lanes, (j) => `logits[start + ${j}] * cool`)}
${rowTotals('T', lanes, (j) => `teacher[start + ${j}] * cool`)}
  var weighted = ${item}(0.0f);
  ${eachItem('weighted += exp(teacher[start + j] * cool - greatestT) * (teacher[start + j] - logits[start + j]) * cool;')}
  let sumWeighted = groupSum(${itemSum(lanes, 'weighted')}, lane);`;
  return shaderOf({
    extensions,
    reads: { logits: item, ...(teacher ? { teacher: item } : {}), targets: 'i32' },
    writes: { running: 'f32' },
    code: `${reductions}${entry(
      'parameters.rows',
      `  let start = i * parameters.rowItems;
  let first = parameters.start == 0u;${teacher ? '\n  let cool = parameters.inverseTemperature;' : ''}
${rowTotals('', lanes, (j) => `logits[start + ${j}]`)}${teacher ? divergence : ''}
  if (lane == 0u) {
    let base = i * ${runningWidth(teacher)}u;
${merge('', 0)}
    let id = targets[i] - i32(parameters.start);
    if (id >= 0 && id < i32(parameters.rowItems * ${lanes}u)) { running[base + 2u] = ${ofTarget}; }${
      teacher
        ? `
${merge('S', 3)}
${merge('T', 5)}
    running[base + 7u] = select(running[base + 7u], 0.0f, first) * keptT + sumWeighted * addedT;`
        : ''
    }
  }`,
    )}`,
  });
}

const finishTeacher = `
  let totalS = log(running[base + 4u]);
  let totalT = log(running[base + 6u]);
  studentLogSumExp[i] = running[base + 3u] + totalS;
  teacherLogSumExp[i] = running[base + 5u] + totalT;
  divergence[i] = running[base + 7u] / running[base + 6u] + ((running[base + 3u] - running[base + 5u]) + (totalS - totalT));`;

/** Parameters: rows, vocabulary. */
export const finishShader = (teacher: boolean) =>
  shaderOf({
    reads: { running: 'f32', targets: 'i32' },
    writes: teacher
      ? { loss: 'f32', divergence: 'f32', logSumExp: 'f32', studentLogSumExp: 'f32', teacherLogSumExp: 'f32' }
      : { loss: 'f32', logSumExp: 'f32' },
    code: perThread(
      'parameters.rows',
      `  let base = i * ${runningWidth(teacher)}u;
  let total = log(running[base + 1u]);
  let inside = targets[i] >= 0 && targets[i] < i32(parameters.vocabulary);
  logSumExp[i] = running[base] + total;
  loss[i] = select(0.0f, (running[base] - running[base + 2u]) + total, inside);${teacher ? finishTeacher : ''}`,
      longItems,
    ),
  });

const gradientTeacher = `
  let cool = parameters.inverseTemperature;
  let totalS = studentLogSumExp[i];
  let totalT = teacherLogSumExp[i];
  let factorT = ddivergence[i] * cool;`;

/** Parameters as the part's. */
export function gradientShader(teacher: boolean, lanes: Lanes, { extensions, reductions, entry }: RowGroup) {
  const item = itemType(lanes);
  const id = lanes === 1 ? 'id' : `vec${lanes}<i32>(id)`;
  const divergence = ' + (exp(z * cool - totalS) - exp(teacher[start + j] * cool - totalT)) * factorT';
  return shaderOf({
    extensions,
    reads: {
      targets: 'i32',
      logSumExp: 'f32',
      dloss: 'f32',
      ...(teacher ? ({ teacher: item, studentLogSumExp: 'f32', teacherLogSumExp: 'f32', ddivergence: 'f32' } as const) : {}),
    },
    writes: { logits: item },
    code: `${reductions}${entry(
      'parameters.rows',
      `  let start = i * parameters.rowItems;
  let total = logSumExp[i];
  let factor = select(0.0f, dloss[i], targets[i] >= 0 && targets[i] < i32(parameters.vocabulary));
  let id = targets[i] - i32(parameters.start);${teacher ? gradientTeacher : ''}
  ${eachItem(
    `let z = logits[start + j]; logits[start + j] = (exp(z - total) - select(${item}(0.0f), ${item}(1.0f), ${itemIndices(lanes)} == ${id})) * factor${teacher ? divergence : ''};`,
  )}`,
    )}`,
  });
}
