// Shaders of the distillation, a workgroup or a subgroup per row: log-sum-exp of both rows and the sum; the gradient, which reads those.
import type { RowGroup } from '../row-group.ts';
import { rowTotals } from '../row-totals.ts';
import type { Binding, Lanes } from '../shader.ts';
import { declare, f, itemSum, itemType, u } from '../shader.ts';

const columns = (body: string): string => `for (var j = lane; j < ${u(1)}; j += groupThreads) { ${body} }`;
const scalars = (names: readonly string[], write = false): Binding[] => names.map((name) => ({ name, type: 'f32', write }));
const rowsOf = (lanes: Lanes): Binding[] => ['student', 'teacher'].map((name) => ({ name, type: itemType(lanes) }));

/** student, teacher -> loss, log-sum-exps of both / T. Parameters: rows, items of a row, 1 / T. */
export const forwardShader = (lanes: Lanes, { extensions, reductions, entry }: RowGroup, parameterCount: number): string =>
  `${declare([...rowsOf(lanes), ...scalars(['loss', 'lse_s', 'lse_t'], true)], parameterCount, extensions)}${reductions}${entry(
    u(0),
    `  let start = i * ${u(1)};
  let cool = ${f(2)};
${rowTotals('S', lanes, (j) => `student[start + ${j}] * cool`)}
${rowTotals('T', lanes, (j) => `teacher[start + ${j}] * cool`)}
  let studentTotal = greatestS + log(totalS);
  let teacherTotal = greatestT + log(totalT);
  var sum = ${itemType(lanes)}(0.0f);
  ${columns('let t = teacher[start + j] * cool - teacherTotal; sum += exp(t) * (t - (student[start + j] * cool - studentTotal));')}
  let divergence = groupSum(${itemSum(lanes, 'sum')}, lane);
  if (lane == 0u) { loss[i] = divergence; lse_s[i] = studentTotal; lse_t[i] = teacherTotal; }`,
  )}`;

/** student, teacher, log-sum-exps of both / T, dloss -> dstudent. Parameters as the forward pass has them. */
export const gradientShader = (lanes: Lanes, { extensions, reductions, entry }: RowGroup, parameterCount: number): string =>
  `${declare([...rowsOf(lanes), ...scalars(['lse_s', 'lse_t', 'slope']), { name: 'y', type: itemType(lanes), write: true }], parameterCount, extensions)}${reductions}${entry(
    u(0),
    `  let start = i * ${u(1)};
  let cool = ${f(2)};
  let studentTotal = lse_s[i];
  let teacherTotal = lse_t[i];
  let factor = slope[i] * cool;
  ${columns('y[start + j] = (exp(student[start + j] * cool - studentTotal) - exp(teacher[start + j] * cool - teacherTotal)) * factor;')}`,
  )}`;
