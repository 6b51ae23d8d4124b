// Shaders of batch norm: a workgroup or a subgroup per slice of a channel. Statistics of slices are joined in order [Chan et al. 1979], each
// slice's variance about its own mean, so that no large squares cancel.
import type { RowGroup } from '../row-group.ts';
import type { Binding, Lanes } from '../shader.ts';
import { declare, f, itemSum, itemType, longItems, perThread, u } from '../shader.ts';

// Parameters: groups, channels, items of a film's places, films, films of a slice, items of a part, parts of a film, slices, epsilon.
const ends = (slice: string): string => `
  let first = (${slice} / ${u(6)}) * ${u(4)}; let last = min(${u(3)}, first + ${u(4)});
  let begin = (${slice} % ${u(6)}) * ${u(5)}; let end = min(${u(2)}, begin + ${u(5)});`;
const start = `  let channel = i / ${u(7)}; let slice = i % ${u(7)};${ends('slice')}`;

/** Lines over every item of the slice, each thread's own. */
const each = (body: string): string => `for (var film = first; film < last; film++) {
    let row = (film * ${u(1)} + channel) * ${u(2)};
    for (var j = row + begin + lane; j < row + end; j += groupThreads) { ${body} }
  }`;

const scalars = (names: readonly string[], write = false): Binding[] => names.map((name) => ({ name, type: 'f32', write }));
const items = (lanes: Lanes, name: string, write = false): Binding => ({ name, type: itemType(lanes), write });
const elements = (lanes: Lanes): string => `f32((last - first) * (end - begin) * ${lanes}u)`;

/** x -> means of slices, and sums of squares about them. */
export const statisticsShader = (lanes: Lanes, { extensions, reductions, entry }: RowGroup, parameters: number): string =>
  `${declare([items(lanes, 'x'), ...scalars(['means', 'squares'], true)], parameters, extensions)}${reductions}${entry(
    u(0),
    `${start}
  var sum = ${itemType(lanes)}(0.0f);
  ${each('sum += x[j];')}
  let mean = groupSum(${itemSum(lanes, 'sum')}, lane) / ${elements(lanes)};
  var about = ${itemType(lanes)}(0.0f);
  ${each('let d = x[j] - mean; about += d * d;')}
  let total = groupSum(${itemSum(lanes, 'about')}, lane);
  if (lane == 0u) { means[i] = mean; squares[i] = total; }`,
  )}`;

/** x, weight, bias, statistics of slices -> y, mean, variance. */
export const normalizeShader = (lanes: Lanes, { extensions, reductions, entry }: RowGroup, parameters: number): string =>
  `${declare(
    [items(lanes, 'x'), ...scalars(['weight', 'bias', 'means', 'squares']), items(lanes, 'y', true), ...scalars(['average', 'variances'], true)],
    parameters,
    extensions,
  )}
fn elements(slice: u32) -> f32 {${ends('slice')}
  return ${elements(lanes)};
}${reductions}${entry(
    u(0),
    `${start}
  let base = channel * ${u(7)};
  var count = elements(0u); var mean = means[base]; var total = squares[base];
  for (var s = 1u; s < ${u(7)}; s++) {
    let more = elements(s); let both = count + more; let d = means[base + s] - mean;
    mean += d * (more / both); total += squares[base + s] + d * d * (count * (more / both)); count = both;
  }
  let variance = total / count;
  let factor = 1.0f / sqrt(variance + ${f(8)}); let gain = weight[channel]; let shift = bias[channel];
  ${each('y[j] = (x[j] - mean) * factor * gain + shift;')}
  if (slice == 0u && lane == 0u) { average[channel] = mean; variances[channel] = variance; }`,
  )}`;

const normalized = `  let mean = average[channel]; let factor = 1.0f / sqrt(variances[channel] + ${f(8)});`;

/** x, mean, variance, dy -> sums over slices: dy n and dy, n = (x - mean) / sqrt(variance + epsilon). */
export const sumsShader = (lanes: Lanes, { extensions, reductions, entry }: RowGroup, parameters: number): string =>
  `${declare([items(lanes, 'x'), ...scalars(['average', 'variances']), items(lanes, 'dy'), ...scalars(['weights', 'biases'], true)], parameters, extensions)}${reductions}${entry(
    u(0),
    `${start}
${normalized}
  var weighted = ${itemType(lanes)}(0.0f);
  var plain = ${itemType(lanes)}(0.0f);
  ${each('weighted += dy[j] * ((x[j] - mean) * factor); plain += dy[j];')}
  let sumWeighted = groupSum(${itemSum(lanes, 'weighted')}, lane);
  let sumPlain = groupSum(${itemSum(lanes, 'plain')}, lane);
  if (lane == 0u) { weights[i] = sumWeighted; biases[i] = sumPlain; }`,
  )}`;

/** Sums of slices -> dweight, dbias, added in order. */
export const weightShader = (parameters: number): string =>
  `${declare([...scalars(['weights', 'biases']), ...scalars(['dweight', 'dbias'], true)], parameters)}${perThread(
    u(1),
    `  let base = i * ${u(7)};
  var weighted = weights[base]; var plain = biases[base];
  for (var s = 1u; s < ${u(7)}; s++) { weighted += weights[base + s]; plain += biases[base + s]; }
  dweight[i] = weighted;
  dbias[i] = plain;`,
    longItems,
  )}`;

/** x, weight, mean, variance, dy, dweight, dbias -> dx = weight / sqrt(variance + epsilon) (dy - mean(dy) - n mean(dy n)). */
export const inputShader = (lanes: Lanes, { extensions, reductions, entry }: RowGroup, parameters: number): string =>
  `${declare(
    [items(lanes, 'x'), ...scalars(['weight', 'average', 'variances']), items(lanes, 'dy'), ...scalars(['dweight', 'dbias']), items(lanes, 'dx', true)],
    parameters,
    extensions,
  )}${reductions}${entry(
    u(0),
    `${start}
${normalized}
  let count = f32(${u(3)} * ${u(2)} * ${lanes}u);
  let meanWeighted = dweight[channel] / count; let meanPlain = dbias[channel] / count; let gain = factor * weight[channel];
  ${each('dx[j] = gain * (dy[j] - meanPlain - (x[j] - mean) * factor * meanWeighted);')}`,
  )}`;
