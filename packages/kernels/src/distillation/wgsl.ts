// Shaders of the distillation, a workgroup or a subgroup per row: log-sum-exp of both rows, then the sum or the gradient.
import type { RowGroup } from '../row-group.ts';
import { rowTotals } from '../row-totals.ts';
import type { Binding, Lanes } from '../shader.ts';
import { declare, f, itemSum, itemType, u } from '../shader.ts';
import type { DistillationProblem } from './index.ts';

const columns = (body: string): string => `for (var j = lane; j < ${u(1)}; j += groupThreads) { ${body} }`;

/** Both passes begin alike. */
export function shader(of: DistillationProblem['of'], lanes: Lanes, { extensions, reductions, entry }: RowGroup, parameterCount: number): string {
  const type = itemType(lanes);
  const inputs: Binding[] = [{ name: 'student', type }, { name: 'teacher', type }, ...(of === 'gradient' ? [{ name: 'slope', type: 'f32' as const }] : [])];
  const finish =
    of === 'forward'
      ? `var sum = ${type}(0.0f);
  ${columns('let t = teacher[start + j] * cool - teacherTotal; sum += exp(t) * (t - (student[start + j] * cool - studentTotal));')}
  let loss = groupSum(${itemSum(lanes, 'sum')}, lane);
  if (lane == 0u) { y[i] = loss; }`
      : `let factor = slope[i] * cool;
  ${columns('y[start + j] = (exp(student[start + j] * cool - studentTotal) - exp(teacher[start + j] * cool - teacherTotal)) * factor;')}`;
  return `${declare([...inputs, { name: 'y', type: of === 'forward' ? 'f32' : type, write: true }], parameterCount, extensions)}${reductions}${entry(
    u(0),
    `  let start = i * ${u(1)};
  let cool = ${f(2)};
${rowTotals('S', lanes, (j) => `student[start + ${j}] * cool`)}
${rowTotals('T', lanes, (j) => `teacher[start + ${j}] * cool`)}
  let studentTotal = greatestS + log(totalS);
  let teacherTotal = greatestT + log(totalT);
  ${finish}`,
  )}`;
}
