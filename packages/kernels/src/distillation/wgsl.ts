// Shaders of the distillation: log-sum-exp of both rows, then the sum or the gradient.
import type { Binding, Lanes } from '../shader.ts';
import { declare, f, groupReductions, itemMax, itemSum, itemType, lowest, perGroup, u } from '../shader.ts';
import type { DistillationProblem } from './index.ts';

const columns = (body: string): string => `for (var j = lane; j < ${u(1)}; j += groupThreads) { ${body} }`;

/** Both passes begin alike. */
export function shader(of: DistillationProblem['of'], lanes: Lanes, parameterCount: number): string {
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
  return `${declare([...inputs, { name: 'y', type: of === 'forward' ? 'f32' : type, write: true }], parameterCount)}${groupReductions}${perGroup(
    u(0),
    `  let start = i * ${u(1)};
  let cool = ${f(2)};
  var mostS = ${type}(${lowest});
  var mostT = ${type}(${lowest});
  ${columns('mostS = max(mostS, student[start + j] * cool); mostT = max(mostT, teacher[start + j] * cool);')}
  let greatestS = groupMax(${itemMax(lanes, 'mostS')}, lane);
  let greatestT = groupMax(${itemMax(lanes, 'mostT')}, lane);
  var sumS = ${type}(0.0f);
  var sumT = ${type}(0.0f);
  ${columns('sumS += exp(student[start + j] * cool - greatestS); sumT += exp(teacher[start + j] * cool - greatestT);')}
  let studentTotal = greatestS + log(groupSum(${itemSum(lanes, 'sumS')}, lane));
  let teacherTotal = greatestT + log(groupSum(${itemSum(lanes, 'sumT')}, lane));
  ${finish}`,
  )}`;
}
