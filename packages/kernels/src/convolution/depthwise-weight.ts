// The weight's gradient of depthwise convolutions: a group of threads for one row of a channel's kernel and a slice of the lines of all
// images; each thread takes strips, and sums what every tap of the row meets.
import { shaderOf } from '../dispatch.ts';
import type { RowGroup } from '../row-group.ts';
import { longItems, perThread, range } from '../shader.ts';

/** Neighbouring places of a row that a thread takes. */
export const stripLength = 4;

/** Lines that load the pixels that a strip's taps meet, of the row from `at` on, zeros outside it: v0, v1, ... */
export const stripLoads = (kernelWidth: number, step: number): string =>
  range((stripLength - 1) * step + kernelWidth)
    .map((j) => `    let in${j} = u32(left + ${j}) < u32(W); let v${j} = select(0.0f, x[u32(at + select(0, left + ${j}, in${j}))], in${j});`)
    .join('\n');

/** Sums of each slice, slice by slice for each element of the kernel. */
export function depthwiseWeightShader([kernelWidth, step]: readonly [number, number], { extensions, reductions, entry }: RowGroup) {
  const [taps, places] = [range(kernelWidth), range(stripLength)];
  const body = `  let unit = i / parameters.slices; let slice = i % parameters.slices;
  let o = unit / parameters.kernelHeight; let p = i32(unit % parameters.kernelHeight);
  let first = slice * parameters.sliceLines; let last = min(parameters.lines, first + parameters.sliceLines);
  let H = i32(parameters.height); let W = i32(parameters.width);
${taps.map((q) => `  var t${q} = 0.0f;`).join('\n')}
  for (var j = lane; j < (last - first) * parameters.strips; j += groupThreads) {
    let line = first + j / parameters.strips; let begin = (j % parameters.strips) * ${stripLength}u;
    let image = line / parameters.outHeight; let r = line % parameters.outHeight;
    let row = i32(r * parameters.strideDown) + p - i32(parameters.paddingTop);
    if (row < 0 || row >= H) { continue; }
    let at = (i32(image * parameters.channels + o / parameters.groupOutputs) * H + row) * W;
    let left = i32(begin) * ${step} - i32(parameters.paddingLeft);
${stripLoads(kernelWidth, step)}
    let dyAt = ((image * parameters.outputs + o) * parameters.outHeight + r) * parameters.outWidth + begin; let count = parameters.outWidth - begin;
${places.map((t) => `    let d${t} = select(0.0f, dy[dyAt + min(${t}u, count - 1u)], count > ${t}u);`).join('\n')}
${taps.map((q) => `    ${places.map((t) => `t${q} = fma(d${t}, v${t * step + q}, t${q});`).join(' ')}`).join('\n')}
  }
${taps.map((q) => `  let total${q} = groupSum(t${q}, lane);`).join('\n')}
  if (lane == 0u) {
${taps.map((q) => `    sliceSums[(unit * ${kernelWidth}u + ${q}u) * parameters.slices + slice] = total${q};`).join('\n')}
  }`;
  return shaderOf({ extensions, reads: { x: 'f32', dy: 'f32' }, writes: { sliceSums: 'f32' }, code: `${reductions}${entry('parameters.groups', body)}` });
}

/** Sums of slices, added in order. */
export const sliceSumShader = () =>
  shaderOf({
    reads: { sliceSums: 'f32' },
    writes: { dweight: 'f32' },
    code: perThread(
      'parameters.count',
      `  var sum = sliceSums[i * parameters.slices];
  for (var s = 1u; s < parameters.slices; s++) { sum += sliceSums[i * parameters.slices + s]; }
  dweight[i] = sum;`,
      longItems,
    ),
  });
