// Shaders of layer norm: a workgroup or a subgroup per row, over as many neighbours at a time as the width allows; sums over rows go by
// columns, in slices of rows whose sums are added afterwards, so that neighbours in memory are read together.
import type { RowGroup } from '../row-group.ts';
import type { Binding, Lanes } from '../shader.ts';
import { declare, f, halfType, itemSum, itemType, longItems, perThread, u } from '../shader.ts';

const scalar = (name: string, write = false): Binding => ({ name, type: 'f32', write });
const columns = (body: string): string => `for (var j = lane; j < ${u(1)}; j += groupThreads) { ${body} }`;
const items = (lanes: Lanes, names: readonly string[], write = false): Binding[] => names.map((name) => ({ name, type: itemType(lanes), write }));
const width = (lanes: Lanes): string => `f32(${u(1)} * ${lanes}u)`;

const normalized = '(x[start + j] - mean) * factor * weight[j] + bias[j]';

/** x, weight, bias -> y, mean, scale; the variance in a second pass over the row. Parameters: rows, items of a row, epsilon. */
export function forwardShader(lanes: Lanes, half: boolean, { extensions, reductions, entry }: RowGroup, parameterCount: number): string {
  const zero = `${itemType(lanes)}(0.0f)`;
  const result = half ? halfType(lanes) : itemType(lanes);
  const bindings = [...items(lanes, ['x', 'weight', 'bias']), { name: 'y', type: result, write: true }, scalar('average', true), scalar('scale', true)];
  return `${declare(bindings, parameterCount, extensions)}${reductions}${entry(
    u(0),
    `  let start = i * ${u(1)};
  var sum = ${zero};
  ${columns('sum += x[start + j];')}
  let mean = groupSum(${itemSum(lanes, 'sum')}, lane) / ${width(lanes)};
  var squares = ${zero};
  ${columns('let d = x[start + j] - mean; squares += d * d;')}
  let factor = 1.0f / sqrt(groupSum(${itemSum(lanes, 'squares')}, lane) / ${width(lanes)} + ${f(2)});
  ${columns(`y[start + j] = ${half ? `${result}(${normalized})` : normalized};`)}
  if (lane == 0u) { average[i] = mean; scale[i] = factor; }`,
  )}`;
}

/** x, weight, mean, scale, dy -> dx = scale (g - mean(g) - n mean(g n)), g = dy weight, n = (x - mean) scale. */
export function inputShader(lanes: Lanes, { extensions, reductions, entry }: RowGroup, parameterCount: number): string {
  const zero = `${itemType(lanes)}(0.0f)`;
  const bindings = [...items(lanes, ['x', 'weight']), scalar('average'), scalar('scale'), ...items(lanes, ['dy']), ...items(lanes, ['dx'], true)];
  return `${declare(bindings, parameterCount, extensions)}${reductions}${entry(
    u(0),
    `  let start = i * ${u(1)};
  let mean = average[i];
  let factor = scale[i];
  var first = ${zero};
  var second = ${zero};
  ${columns('let g = dy[start + j] * weight[j]; first += g; second += g * ((x[start + j] - mean) * factor);')}
  let meanG = groupSum(${itemSum(lanes, 'first')}, lane) / ${width(lanes)};
  let meanGN = groupSum(${itemSum(lanes, 'second')}, lane) / ${width(lanes)};
  ${columns('let g = dy[start + j] * weight[j]; dx[start + j] = (g - meanG - (x[start + j] - mean) * factor * meanGN) * factor;')}`,
  )}`;
}

/** x, mean, scale, dy -> sums of one slice of rows. Parameters: items in all, items of a row, rows, rows of a slice. */
export function sliceShader(lanes: Lanes, parameterCount: number): string {
  const zero = `${itemType(lanes)}(0.0f)`;
  const bindings = [...items(lanes, ['x']), scalar('average'), scalar('scale'), ...items(lanes, ['dy']), ...items(lanes, ['weights', 'biases'], true)];
  return `${declare(bindings, parameterCount)}${perThread(
    u(0),
    `  let column = i % ${u(1)};
  let begin = (i / ${u(1)}) * ${u(3)};
  var first = ${zero};
  var second = ${zero};
  for (var r = begin; r < min(${u(2)}, begin + ${u(3)}); r++) {
    let g = dy[r * ${u(1)} + column];
    first += g * ((x[r * ${u(1)} + column] - average[r]) * scale[r]);
    second += g;
  }
  weights[i] = first;
  biases[i] = second;`,
    longItems,
  )}`;
}

/** Sums of slices -> dweight, dbias. Parameters: items of a row, slices. */
export function weightShader(lanes: Lanes, parameterCount: number): string {
  const bindings = [...items(lanes, ['weights', 'biases']), ...items(lanes, ['dweight', 'dbias'], true)];
  return `${declare(bindings, parameterCount)}${perThread(
    u(0),
    `  var first = ${itemType(lanes)}(0.0f);
  var second = ${itemType(lanes)}(0.0f);
  for (var slice = 0u; slice < ${u(1)}; slice++) { first += weights[slice * ${u(0)} + i]; second += biases[slice * ${u(0)} + i]; }
  dweight[i] = first;
  dbias[i] = second;`,
    longItems,
  )}`;
}
