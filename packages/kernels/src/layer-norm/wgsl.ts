// Shaders of layer norm: a workgroup or a subgroup per row, over as many neighbours at a time as the width allows; sums over rows go by
// columns, in slices of rows whose sums are added afterwards, so that neighbours in memory are read by neighbouring threads.
import { shaderOf } from '../dispatch.ts';
import type { RowGroup } from '../row-group.ts';
import type { Lanes } from '../shader.ts';
import { eachItem, halfType, itemSum, itemType, longItems, perThread } from '../shader.ts';

const width = (lanes: Lanes): string => `f32(parameters.rowItems * ${lanes}u)`;

const normalized = '(x[start + j] - average) * factor * weight[j] + bias[j]';

/** The variance in a second pass over the row. Parameters: rows, rowItems, epsilon. */
export function forwardShader(lanes: Lanes, half: boolean, { extensions, reductions, entry }: RowGroup) {
  const item = itemType(lanes);
  const result = half ? halfType(lanes) : item;
  return shaderOf({
    extensions,
    reads: { x: item, weight: item, bias: item },
    writes: { y: result, mean: 'f32', scale: 'f32' },
    code: `${reductions}${entry(
      'parameters.rows',
      `  let start = i * parameters.rowItems;
  var sum = ${item}(0.0f);
  ${eachItem('sum += x[start + j];')}
  let average = groupSum(${itemSum(lanes, 'sum')}, lane) / ${width(lanes)};
  var squares = ${item}(0.0f);
  ${eachItem('let d = x[start + j] - average; squares += d * d;')}
  let factor = 1.0f / sqrt(groupSum(${itemSum(lanes, 'squares')}, lane) / ${width(lanes)} + parameters.epsilon);
  ${eachItem(`y[start + j] = ${half ? `${result}(${normalized})` : normalized};`)}
  if (lane == 0u) { mean[i] = average; scale[i] = factor; }`,
    )}`,
  });
}

/** dx = scale (g - mean(g) - n mean(g n)), g = dy weight, n = (x - mean) scale. Parameters: rows, rowItems. */
export function inputShader(lanes: Lanes, { extensions, reductions, entry }: RowGroup) {
  const item = itemType(lanes);
  return shaderOf({
    extensions,
    reads: { x: item, weight: item, mean: 'f32', scale: 'f32', dy: item },
    writes: { dx: item },
    code: `${reductions}${entry(
      'parameters.rows',
      `  let start = i * parameters.rowItems;
  let average = mean[i];
  let factor = scale[i];
  var first = ${item}(0.0f);
  var second = ${item}(0.0f);
  ${eachItem('let g = dy[start + j] * weight[j]; first += g; second += g * ((x[start + j] - average) * factor);')}
  let meanG = groupSum(${itemSum(lanes, 'first')}, lane) / ${width(lanes)};
  let meanGN = groupSum(${itemSum(lanes, 'second')}, lane) / ${width(lanes)};
  ${eachItem('let g = dy[start + j] * weight[j]; dx[start + j] = (g - meanG - (x[start + j] - average) * factor * meanGN) * factor;')}`,
    )}`,
  });
}

/** Sums of dy n and dy over each slice of rows. Parameters: items of all slices, rowItems, rows, sliceRows. */
export function sliceShader(lanes: Lanes) {
  const item = itemType(lanes);
  return shaderOf({
    reads: { x: item, mean: 'f32', scale: 'f32', dy: item },
    writes: { sliceWeights: item, sliceBiases: item },
    code: perThread(
      'parameters.items',
      `  let column = i % parameters.rowItems;
  let begin = (i / parameters.rowItems) * parameters.sliceRows;
  var first = ${item}(0.0f);
  var second = ${item}(0.0f);
  for (var r = begin; r < min(parameters.rows, begin + parameters.sliceRows); r++) {
    let g = dy[r * parameters.rowItems + column];
    first += g * ((x[r * parameters.rowItems + column] - mean[r]) * scale[r]);
    second += g;
  }
  sliceWeights[i] = first;
  sliceBiases[i] = second;`,
      longItems,
    ),
  });
}

/** Sums of slices, added in order. Parameters: rowItems, slices. */
export function weightShader(lanes: Lanes) {
  const item = itemType(lanes);
  return shaderOf({
    reads: { sliceWeights: item, sliceBiases: item },
    writes: { dweight: item, dbias: item },
    code: perThread(
      'parameters.rowItems',
      `  var first = ${item}(0.0f);
  var second = ${item}(0.0f);
  for (var slice = 0u; slice < parameters.slices; slice++) {
    first += sliceWeights[slice * parameters.rowItems + i]; second += sliceBiases[slice * parameters.rowItems + i];
  }
  dweight[i] = first;
  dbias[i] = second;`,
      longItems,
    ),
  });
}
