// Shaders of batch norm: a workgroup or a subgroup per slice of a channel. Statistics of slices are joined in order [Chan et al. 1979], each
// slice's variance about its own mean, so that no large squares cancel. All have the parameters that `parametersOf` of the kernel gives.
import { shaderOf } from '../dispatch.ts';
import type { RowGroup } from '../row-group.ts';
import type { Lanes } from '../shader.ts';
import { itemSum, itemType, longItems, perThread } from '../shader.ts';

/** Lines that say where a slice lies: images `first` to `last`, of each the items `begin` to `end`. */
const sliceEnds = (slice: string): string => `
  let first = (${slice} / parameters.imageParts) * parameters.sliceImages; let last = min(parameters.images, first + parameters.sliceImages);
  let begin = (${slice} % parameters.imageParts) * parameters.partItems; let end = min(parameters.imageItems, begin + parameters.partItems);`;

/** Lines of group i: its channel and its slice. */
const start = `  let channel = i / parameters.slices; let slice = i % parameters.slices;${sliceEnds('slice')}`;

/** Lines over every item of the slice, each thread's own. */
const eachItem = (body: string): string => `for (var image = first; image < last; image++) {
    let row = (image * parameters.channels + channel) * parameters.imageItems;
    for (var j = row + begin + lane; j < row + end; j += groupThreads) { ${body} }
  }`;

const elements = (lanes: Lanes): string => `f32((last - first) * (end - begin) * ${lanes}u)`;

/** Means of slices, and sums of squares about them. */
export function statisticsShader(lanes: Lanes, { extensions, reductions, entry }: RowGroup) {
  const item = itemType(lanes);
  return shaderOf({
    extensions,
    reads: { x: item },
    writes: { sliceMeans: 'f32', sliceSquares: 'f32' },
    code: `${reductions}${entry(
      'parameters.groups',
      `${start}
  var sum = ${item}(0.0f);
  ${eachItem('sum += x[j];')}
  let average = groupSum(${itemSum(lanes, 'sum')}, lane) / ${elements(lanes)};
  var about = ${item}(0.0f);
  ${eachItem('let d = x[j] - average; about += d * d;')}
  let total = groupSum(${itemSum(lanes, 'about')}, lane);
  if (lane == 0u) { sliceMeans[i] = average; sliceSquares[i] = total; }`,
    )}`,
  });
}

/** Every group joins its channel's slices, then normalizes its own. */
export function normalizeShader(lanes: Lanes, { extensions, reductions, entry }: RowGroup) {
  const item = itemType(lanes);
  return shaderOf({
    extensions,
    reads: { x: item, weight: 'f32', bias: 'f32', sliceMeans: 'f32', sliceSquares: 'f32' },
    writes: { y: item, mean: 'f32', variance: 'f32' },
    code: `
fn elements(slice: u32) -> f32 {${sliceEnds('slice')}
  return ${elements(lanes)};
}${reductions}${entry(
      'parameters.groups',
      `${start}
  let base = channel * parameters.slices;
  var count = elements(0u); var average = sliceMeans[base]; var total = sliceSquares[base];
  for (var s = 1u; s < parameters.slices; s++) {
    let more = elements(s); let both = count + more; let d = sliceMeans[base + s] - average;
    average += d * (more / both); total += sliceSquares[base + s] + d * d * (count * (more / both)); count = both;
  }
  let meanSquare = total / count;
  let factor = 1.0f / sqrt(meanSquare + parameters.epsilon); let gain = weight[channel]; let shift = bias[channel];
  ${eachItem('y[j] = (x[j] - average) * factor * gain + shift;')}
  if (slice == 0u && lane == 0u) { mean[channel] = average; variance[channel] = meanSquare; }`,
    )}`,
  });
}

const normalized = '  let average = mean[channel]; let factor = 1.0f / sqrt(variance[channel] + parameters.epsilon);';

/** Sums over slices: dy n and dy, n = (x - mean) / sqrt(variance + epsilon). */
export function sumsShader(lanes: Lanes, { extensions, reductions, entry }: RowGroup) {
  const item = itemType(lanes);
  return shaderOf({
    extensions,
    reads: { x: item, mean: 'f32', variance: 'f32', dy: item },
    writes: { sliceWeights: 'f32', sliceBiases: 'f32' },
    code: `${reductions}${entry(
      'parameters.groups',
      `${start}
${normalized}
  var weighted = ${item}(0.0f);
  var plain = ${item}(0.0f);
  ${eachItem('weighted += dy[j] * ((x[j] - average) * factor); plain += dy[j];')}
  let sumWeighted = groupSum(${itemSum(lanes, 'weighted')}, lane);
  let sumPlain = groupSum(${itemSum(lanes, 'plain')}, lane);
  if (lane == 0u) { sliceWeights[i] = sumWeighted; sliceBiases[i] = sumPlain; }`,
    )}`,
  });
}

/** Sums of slices, added in order. */
export const weightShader = () =>
  shaderOf({
    reads: { sliceWeights: 'f32', sliceBiases: 'f32' },
    writes: { dweight: 'f32', dbias: 'f32' },
    code: perThread(
      'parameters.channels',
      `  let base = i * parameters.slices;
  var weighted = sliceWeights[base]; var plain = sliceBiases[base];
  for (var s = 1u; s < parameters.slices; s++) { weighted += sliceWeights[base + s]; plain += sliceBiases[base + s]; }
  dweight[i] = weighted;
  dbias[i] = plain;`,
      longItems,
    ),
  });

/** dx = weight / sqrt(variance + epsilon) (dy - mean(dy) - n mean(dy n)). */
export function inputShader(lanes: Lanes, { extensions, reductions, entry }: RowGroup) {
  const item = itemType(lanes);
  return shaderOf({
    extensions,
    reads: { x: item, weight: 'f32', mean: 'f32', variance: 'f32', dy: item, dweight: 'f32', dbias: 'f32' },
    writes: { dx: item },
    code: `${reductions}${entry(
      'parameters.groups',
      `${start}
${normalized}
  let count = f32(parameters.images * parameters.imageItems * ${lanes}u);
  let meanWeighted = dweight[channel] / count; let meanPlain = dbias[channel] / count; let gain = factor * weight[channel];
  ${eachItem('dx[j] = gain * (dy[j] - meanPlain - (x[j] - average) * factor * meanWeighted);')}`,
    )}`,
  });
}
