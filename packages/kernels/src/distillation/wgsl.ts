// Shaders of the distillation, a workgroup or a subgroup per row: log-sum-exp of both rows and the sum; the gradient, which reads those.
import { shaderOf } from '../dispatch.ts';
import type { RowGroup } from '../row-group.ts';
import { rowTotals } from '../row-totals.ts';
import type { Lanes } from '../shader.ts';
import { eachItem, itemSum, itemType } from '../shader.ts';

/** Log-sum-exps are those of logits / T. Parameters: rows, rowItems, inverseTemperature. */
export function forwardShader(lanes: Lanes, { extensions, reductions, entry }: RowGroup) {
  const item = itemType(lanes);
  return shaderOf({
    extensions,
    reads: { student: item, teacher: item },
    writes: { loss: 'f32', studentLogSumExp: 'f32', teacherLogSumExp: 'f32' },
    code: `${reductions}${entry(
      'parameters.rows',
      `  let start = i * parameters.rowItems;
  let cool = parameters.inverseTemperature;
${rowTotals('S', lanes, (j) => `student[start + ${j}] * cool`)}
${rowTotals('T', lanes, (j) => `teacher[start + ${j}] * cool`)}
  let studentTotal = greatestS + log(totalS);
  let teacherTotal = greatestT + log(totalT);
  var sum = ${item}(0.0f);
  ${eachItem('let t = teacher[start + j] * cool - teacherTotal; sum += exp(t) * (t - (student[start + j] * cool - studentTotal));')}
  let divergence = groupSum(${itemSum(lanes, 'sum')}, lane);
  if (lane == 0u) { loss[i] = divergence; studentLogSumExp[i] = studentTotal; teacherLogSumExp[i] = teacherTotal; }`,
    )}`,
  });
}

/** Parameters: rows, rowItems, inverseTemperature. */
export function gradientShader(lanes: Lanes, { extensions, reductions, entry }: RowGroup) {
  const item = itemType(lanes);
  return shaderOf({
    extensions,
    reads: { student: item, teacher: item, studentLogSumExp: 'f32', teacherLogSumExp: 'f32', dloss: 'f32' },
    writes: { dstudent: item },
    code: `${reductions}${entry(
      'parameters.rows',
      `  let start = i * parameters.rowItems;
  let cool = parameters.inverseTemperature;
  let studentTotal = studentLogSumExp[i];
  let teacherTotal = teacherLogSumExp[i];
  let factor = dloss[i] * cool;
  ${eachItem('dstudent[start + j] = (exp(student[start + j] * cool - studentTotal) - exp(teacher[start + j] * cool - teacherTotal)) * factor;')}`,
    )}`,
  });
}
