// Shaders of layer norm: one workgroup per row, and one per column for the sums over rows.
import { declare, f, groupReductions, perGroup, u } from '../shader.ts';

const read = (name: string) => ({ name, type: 'f32' as const });
const write = (name: string) => ({ name, type: 'f32' as const, write: true });
const columns = (body: string): string => `for (var j = lane; j < ${u(1)}; j += groupThreads) { ${body} }`;
const width = `f32(${u(1)})`;

/** x, weight, bias -> y, mean, scale; the variance in a second pass over the row. */
export const forwardShader = (parameterCount: number): string =>
  `${declare([read('x'), read('weight'), read('bias'), write('y'), write('average'), write('scale')], parameterCount)}${groupReductions}${perGroup(
    u(0),
    `  let start = i * ${u(1)};
  var sum = 0.0f;
  ${columns('sum += x[start + j];')}
  let mean = groupSum(sum, lane) / ${width};
  var squares = 0.0f;
  ${columns('let d = x[start + j] - mean; squares += d * d;')}
  let factor = 1.0f / sqrt(groupSum(squares, lane) / ${width} + ${f(2)});
  ${columns('y[start + j] = (x[start + j] - mean) * factor * weight[j] + bias[j];')}
  if (lane == 0u) { average[i] = mean; scale[i] = factor; }`,
  )}`;

/** x, weight, mean, scale, dy -> dx = scale (g - mean(g) - n mean(g n)), g = dy weight, n = (x - mean) scale. */
export const inputShader = (parameterCount: number): string =>
  `${declare([read('x'), read('weight'), read('average'), read('scale'), read('dy'), write('dx')], parameterCount)}${groupReductions}${perGroup(
    u(0),
    `  let start = i * ${u(1)};
  let mean = average[i];
  let factor = scale[i];
  var first = 0.0f;
  var second = 0.0f;
  ${columns('let g = dy[start + j] * weight[j]; first += g; second += g * ((x[start + j] - mean) * factor);')}
  let meanG = groupSum(first, lane) / ${width};
  let meanGN = groupSum(second, lane) / ${width};
  ${columns('let g = dy[start + j] * weight[j]; dx[start + j] = (g - meanG - (x[start + j] - mean) * factor * meanGN) * factor;')}`,
  )}`;

/** x, mean, scale, dy -> dweight, dbias: sums over rows of one column. */
export const weightShader = (parameterCount: number): string =>
  `${declare([read('x'), read('average'), read('scale'), read('dy'), write('dweight'), write('dbias')], parameterCount)}${groupReductions}${perGroup(
    u(1),
    `  var first = 0.0f;
  var second = 0.0f;
  for (var r = lane; r < ${u(0)}; r += groupThreads) {
    let at = r * ${u(1)} + i;
    first += dy[at] * ((x[at] - average[r]) * scale[r]);
    second += dy[at];
  }
  let weightSum = groupSum(first, lane);
  let biasSum = groupSum(second, lane);
  if (lane == 0u) { dweight[i] = weightSum; dbias[i] = biasSum; }`,
  )}`;
