// Depthwise convolutions, each channel with a kernel of its own: a thread takes a strip of a row, whose pixels it loads once for all the taps
// they meet. The gradient of the images of such a convolution without steps is one, of the kernel turned around.
import { dispatchOf, onArrays, shaderOf } from '../dispatch.ts';
import type { ArraySpec, Capabilities, Dispatch } from '../kernel.ts';
import { arrayOf, sizeOf } from '../kernel.ts';
import { epilogueReads } from '../matmul/tile.ts';
import { rowGroupOf } from '../row-group.ts';
import { longItems, perThread, range, spread, spreadThreads } from '../shader.ts';
import { depthwiseInputShader, inputStripLength } from './depthwise-input.ts';
import { depthwiseWeightShader, sliceSumShader, stripLength, stripLoads } from './depthwise-weight.ts';
import { epilogueParameters, storer } from './epilogue.ts';
import type { ConvolutionProblem } from './problem.ts';

/** Widest kernel and largest step whose strip a thread can hold. */
const [widestKernel, largestStep] = [16, 4] as const;

/** Whether a problem is computed here; other grouped ones are computed by element. */
export function isDepthwise({ of, x, weight, stride, groups = 1 }: ConvolutionProblem): boolean {
  const fits = weight[3] <= widestKernel && stride[1] <= largestStep;
  if (groups === 1 || weight[1] !== 1 || !fits) return false;
  return of !== 'input' || weight[0] === x[1];
}

/** About how many places one group of threads sums for the weight's gradient. */
const slicePlaces = 4096;

/** How the lines of all images are cut for the weight's gradient. */
function linesOf({ y }: ConvolutionProblem) {
  const lines = y[0] * y[2];
  const sliceLines = Math.max(1, Math.floor(slicePlaces / Math.max(1, y[3])));
  return { lines, sliceLines, slices: Math.max(1, Math.ceil(lines / sliceLines)) };
}

/** Sums of slices, where there is more than one. */
export function depthwiseTemporaries(problem: ConvolutionProblem): ArraySpec[] {
  const { slices } = linesOf(problem);
  return problem.of === 'weight' && slices > 1 ? [arrayOf('sliceSums', sizeOf(problem.weight) * slices)] : [];
}

const parametersOf = ({ x, weight, y, stride, padding, groups = 1 }: ConvolutionProblem) => ({
  channels: x[1],
  height: x[2],
  width: x[3],
  outputs: weight[0],
  groupOutputs: weight[0] / groups,
  outHeight: y[2],
  outWidth: y[3],
  strips: Math.ceil(y[3] / stripLength),
  strideDown: stride[0],
  paddingTop: padding[0],
  paddingLeft: padding[1],
});

/** Sums of a strip; `turned`: taps in the reverse order. */
function stripShader({ weight: [, , kh, kw], stride: [, step], epilogue }: ConvolutionProblem, turned: boolean) {
  const sums = range(stripLength);
  const tap = (q: number) => (turned ? `last - ${q}u` : `line + ${q}u`);
  const body = `  let strip = i % parameters.strips; let r = (i / parameters.strips) % parameters.outHeight; let plane = i / (parameters.strips * parameters.outHeight);
  let o = plane % parameters.outputs; let image = plane / parameters.outputs;
  let H = i32(parameters.height); let W = i32(parameters.width);
  let channel = i32(image * parameters.channels + o / parameters.groupOutputs);
  let top = i32(r * parameters.strideDown) - i32(parameters.paddingTop); let left = i32(strip) * ${stripLength * step} - i32(parameters.paddingLeft);
${sums.map((t) => `  var s${t} = 0.0f;`).join('\n')}
  for (var p = 0; p < ${kh}; p++) {
    let row = top + p;
    if (row < 0 || row >= H) { continue; }
    let at = (channel * H + row) * W;
${stripLoads(kw, step)}
    ${turned ? `let last = (o + 1u) * ${kh * kw}u - 1u - u32(p) * ${kw}u;` : `let line = o * ${kh * kw}u + u32(p) * ${kw}u;`}
${range(kw)
  .map((q) => `    let w${q} = weight[${tap(q)}]; ${sums.map((t) => `s${t} = fma(v${t * step + q}, w${q}, s${t});`).join(' ')}`)
  .join('\n')}
  }
  let to = (plane * parameters.outHeight + r) * parameters.outWidth + strip * ${stripLength}u;
  let count = parameters.outWidth - strip * ${stripLength}u;
${sums.map((t) => `  ${t === 0 ? '' : `if (count > ${t}u) `}{ store(to + ${t}u, s${t}); }`).join('\n')}`;
  return shaderOf({
    reads: { x: 'f32', weight: 'f32', ...epilogueReads(epilogue) },
    writes: { y: 'f32' },
    code: `${storer(epilogue)}${perThread('parameters.items', body, longItems)}`,
  });
}

/** The convolution whose output is the gradient of the images. */
const transposed = ({ x, y, weight, padding, groups }: ConvolutionProblem): ConvolutionProblem => ({
  of: 'output',
  x: y,
  y: x,
  weight,
  stride: [1, 1],
  padding: [weight[2] - 1 - padding[0], weight[3] - 1 - padding[1]],
  ...(groups ? { groups } : {}),
});

/** The dispatches. */
export function depthwiseDispatches(problem: ConvolutionProblem, capabilities: Capabilities): Dispatch[] {
  const label = `convolution ${problem.of}: depthwise`;
  const strips = (one: ConvolutionProblem, turned: boolean) => {
    const parameters = parametersOf(one);
    const items = parameters.strips * one.y[0] * one.y[1] * one.y[2];
    return dispatchOf(label, { items, ...parameters, ...epilogueParameters(one.epilogue) }, stripShader(one, turned), spreadThreads(items, longItems));
  };
  if (problem.of === 'output') return [strips(problem, false)];
  if (problem.of === 'input' && Math.max(...problem.stride) > 1) {
    const { x, stride } = problem;
    const parameters = { ...parametersOf(problem), strips: Math.ceil(x[3] / inputStripLength(stride[1])) };
    const items = parameters.strips * x[0] * x[1] * x[2];
    return [dispatchOf(label, { items, ...parameters }, depthwiseInputShader(problem), spreadThreads(items, longItems))];
  }
  if (problem.of === 'input') return [onArrays(strips(transposed(problem), true), { x: 'dy', y: 'dx' }) as Dispatch];
  const cut = linesOf(problem);
  const [outputs, , kh, kw] = problem.weight;
  const groups = outputs * kh * cut.slices;
  const shader = depthwiseWeightShader([kw, problem.stride[1]], rowGroupOf(capabilities));
  const parameters = { groups, kernelHeight: kh, ...cut, ...parametersOf(problem) };
  const sums = dispatchOf(label, parameters, shader, spread(groups));
  if (cut.slices === 1) return [onArrays(sums, { sliceSums: 'dweight' }) as Dispatch];
  const count = sizeOf(problem.weight);
  return [sums, dispatchOf(`${label}, sums of slices`, { count, slices: cut.slices }, sliceSumShader(), spreadThreads(count, longItems))];
}
