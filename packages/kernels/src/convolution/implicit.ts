// Convolutions as products whose right operand is read from the films, so that no patches are stored, on processors with subgroups
// of a known size: which shader computes which part, and on what arrays.
import type { ArraySpec, Capabilities, Dispatch } from '../kernel.ts';
import { product, stridesOf } from '../kernel.ts';
import { map } from '../map/index.ts';
import type { MatmulProblem } from '../matmul/problem.ts';
import { sumParameters, sumShader } from '../matmul/tile.ts';
import { pack, spread, spreadThreads } from '../shader.ts';
import { broadcastShader, broadcastTile } from './broadcast.ts';
import { broadcastWeightShader } from './broadcast-weight.ts';
import type { Correlation } from './correlation.ts';
import { correlationsOf } from './correlation.ts';
import type { ConvolutionProblem } from './index.ts';

/** Elements of a correlation's part of the kernel. */
const kernelLength = ({ outputs, channels, taps }: Correlation): number => outputs * channels * product(taps);

/** The kernel in the order of the sums, (outputs, taps, channels), from element `at` of the array on. */
function reorder(correlation: Correlation, weight: readonly number[], at: number, length: number): readonly Dispatch[] {
  const { outputs, channels, taps, kernel } = correlation;
  const shape = [outputs, ...taps, channels];
  const [byOutput, byChannel, down, across] = kernel.strides;
  const input = { type: 'f32' as const, length: product(weight), offset: kernel.first, strides: [byOutput, down, across, byChannel] };
  return map.dispatches({ shape, inputs: [input], steps: [], output: { type: 'f32', length, offset: at, strides: stridesOf(shape) } });
}

/** Tiles down and across an (m, n) result. */
const tilesOf = (m: number, n: number) => [Math.ceil(m / broadcastTile.rows), Math.ceil(n / (broadcastTile.threads * broadcastTile.columns))] as const;

/** Workgroups that keep any processor busy, and the least places worth a slice. */
const [busy, leastDepth] = [128, 256] as const;

/** The weight's gradient: its sizes as a product, and the slices of its lines of places, whose sums are added afterwards. */
function weightCut({ x: [films], weight, y }: ConvolutionProblem) {
  const [m, n, lines] = [weight[0], product(weight.slice(1)), films * y[2]];
  const [down, across] = tilesOf(m, n);
  const wanted = Math.max(1, Math.min(Math.floor(busy / (down * across)), Math.floor((lines * y[3]) / leastDepth), 16));
  const depth = Math.max(1, Math.ceil(lines / wanted));
  return { m, n, lines, across, tiles: down * across, depth, slices: Math.max(1, Math.ceil(lines / depth)) };
}

/** Arrays between: the kernel in the order of the sums, or sums of slices. Undefined where the adapter or the problem is not of this kind. */
export function implicitTemporaries(problem: ConvolutionProblem, { software, subgroupSize }: Capabilities): ArraySpec[] | undefined {
  if (!software || ![4, 8, 16].includes(subgroupSize)) return undefined;
  if (problem.of === 'weight') {
    const { m, n, slices } = weightCut(problem);
    return slices > 1 ? [{ type: 'f32', length: m * n * slices }] : [];
  }
  const correlations = correlationsOf(problem);
  return (
    correlations && [
      {
        type: 'f32',
        length: Math.max(
          4,
          correlations.reduce((sum, one) => sum + kernelLength(one), 0),
        ),
      },
    ]
  );
}

/** One correlation of films (array 0) with its part of the kernel, which begins at `at` of array 3. */
function correlate(one: Correlation, at: number, label: string, size: number): Dispatch {
  const [m, n] = [one.outputs, one.films * product(one.places)];
  const [down, across] = tilesOf(m, n);
  const tiles = [down * across, m, n, across];
  const sums = [at, one.channels, ...one.size, product(one.places), one.places[1], ...one.taps, ...one.stride, ...one.padding];
  const parameters = pack([...tiles, ...sums, one.first, ...one.step, one.area]);
  const quads = one.channels % 4 === 0 && at % 4 === 0;
  return {
    label,
    code: broadcastShader(size, quads, parameters.length),
    parameters,
    arrays: [3, 0, 2],
    writes: [2],
    workgroups: spread(down * across),
  };
}

/** The weight's gradient from films (array 0) and dy (1). */
function weightDispatches(problem: ConvolutionProblem, size: number): Dispatch[] {
  const { x, weight, y, stride, padding } = problem;
  const { m, n, lines, across, tiles, depth, slices } = weightCut(problem);
  const parameters = pack([tiles * slices, m, n, across, tiles, depth, lines, ...x.slice(1), weight[2], weight[3], y[2], y[3], ...stride, ...padding]);
  const to = slices > 1 ? 3 : 2;
  const first = {
    label: 'convolution weight, broadcast',
    code: broadcastWeightShader(size, y[3] % 4 === 0, parameters.length),
    parameters,
    arrays: [0, 1, to],
    writes: [to],
    workgroups: spread(tiles * slices),
  };
  if (slices === 1) return [first];
  const sum: MatmulProblem = { m, n, k: lines * y[3], transposeA: false, transposeB: false, lead: [], leadA: [], leadB: [] };
  const added = sumParameters(sum, slices);
  const last = { code: sumShader(sum, added.length), parameters: added, arrays: [3, 2], writes: [2], workgroups: spreadThreads(m * n) };
  return [first, { label: `convolution weight, sum of ${slices} slices`, ...last }];
}

/** The dispatches: inputs 0 and 1, the result 2, the array between 3. */
export function implicitDispatches(problem: ConvolutionProblem, capabilities: Capabilities): Dispatch[] {
  const { of, weight } = problem;
  if (of === 'weight') return weightDispatches(problem, capabilities.subgroupSize);
  const [{ length }] = implicitTemporaries(problem, capabilities) as [ArraySpec];
  let at = 0;
  return correlationsOf(problem)!.flatMap((one): Dispatch[] => {
    const begin = at;
    at += kernelLength(one);
    const kernels = reorder(one, weight, begin, length).map((dispatch) => ({
      ...dispatch,
      label: `convolution ${of}: kernel in the order of its sums`,
      arrays: [1, 3],
      writes: [3],
    }));
    return [...kernels, correlate(one, begin, `convolution ${of}, broadcast`, capabilities.subgroupSize)];
  });
}
