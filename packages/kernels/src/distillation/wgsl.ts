// Shaders of the distillation: log-sum-exp of both rows, then the sum or the gradient.
import { declare, f, groupReductions, lowest, perGroup, u } from '../shader.ts';
import type { DistillationProblem } from './index.ts';

const columns = (body: string): string => `for (var j = lane; j < ${u(1)}; j += groupThreads) { ${body} }`;

/** Both passes begin alike. */
export function shader(of: DistillationProblem['of'], parameterCount: number): string {
  const inputs = ['student', 'teacher', ...(of === 'gradient' ? ['slope'] : [])].map((name) => ({ name, type: 'f32' as const }));
  const finish =
    of === 'forward'
      ? `var sum = 0.0f;
  ${columns('let t = teacher[start + j] * cool - teacherTotal; sum += exp(t) * (t - (student[start + j] * cool - studentTotal));')}
  let loss = groupSum(sum, lane);
  if (lane == 0u) { y[i] = loss; }`
      : `let factor = slope[i] * cool;
  ${columns('y[start + j] = (exp(student[start + j] * cool - studentTotal) - exp(teacher[start + j] * cool - teacherTotal)) * factor;')}`;
  return `${declare([...inputs, { name: 'y', type: 'f32', write: true }], parameterCount)}${groupReductions}${perGroup(
    u(0),
    `  let start = i * ${u(1)};
  let cool = ${f(2)};
  var mostS = ${lowest};
  var mostT = ${lowest};
  ${columns('mostS = max(mostS, student[start + j] * cool); mostT = max(mostT, teacher[start + j] * cool);')}
  let greatestS = groupMax(mostS, lane);
  let greatestT = groupMax(mostT, lane);
  var sumS = 0.0f;
  var sumT = 0.0f;
  ${columns('sumS += exp(student[start + j] * cool - greatestS); sumT += exp(teacher[start + j] * cool - greatestT);')}
  let studentTotal = greatestS + log(groupSum(sumS, lane));
  let teacherTotal = greatestT + log(groupSum(sumT, lane));
  ${finish}`,
  )}`;
}
