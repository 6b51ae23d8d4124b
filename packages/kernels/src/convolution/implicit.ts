// Convolutions as products whose operands are read from films and kernels, so that no patches are stored: what each product is, and
// the arrays between.
import type { ArraySpec, Capabilities, Dispatch } from '../kernel.ts';
import { product, stridesOf } from '../kernel.ts';
import { map } from '../map/index.ts';
import { blockLoader } from '../matmul/block.ts';
import type { MatmulProblem } from '../matmul/problem.ts';
import { broadcastShader } from './broadcast.ts';
import { broadcastWeightShader } from './broadcast-weight.ts';
import type { Correlation } from './correlation.ts';
import { correlationsOf } from './correlation.ts';
import { epilogueParameters, moreAt, resultAt } from './epilogue.ts';
import type { ConvolutionProblem } from './problem.ts';
import { correlationParameters, denseWriter, placedWriter, weightParameters } from './layout.ts';
import { filmLoader, weightLoaders } from './loaders.ts';
import type { ImplicitWay } from './part.ts';
import { implicitWay, implicitWays, partDispatches } from './part.ts';

/** Temporaries, and dispatches on them, on inputs 0 and 1, the epilogue's inputs and the result. */
export interface Implicit {
  readonly temporaries: readonly ArraySpec[];
  readonly dispatches: readonly Dispatch[];
}

/** An adapter, and the variant that is asked for. */
type Choice = readonly [capabilities: Capabilities, variant: string | undefined];

const array = (length: number): ArraySpec => ({ type: 'f32', length });
const productOf = (m: number, n: number, k: number, half = false): MatmulProblem => ({
  m,
  n,
  k,
  transposeA: false,
  transposeB: false,
  lead: [],
  leadA: [],
  leadB: [],
  ...(half ? { half } : {}),
});

const correlationProduct = ({ outputs, films, places, channels, taps }: Correlation, half: boolean | undefined): MatmulProblem =>
  productOf(outputs, films * product(places), channels * product(taps), half);

const weightProduct = ({ x, weight, y, half }: ConvolutionProblem): MatmulProblem => productOf(weight[0], product(weight.slice(1)), x[0] * y[2] * y[3], half);

/** The kernel in the order of a correlation's sums, (outputs, taps, channels). */
function reorder({ outputs, channels, taps, kernel }: Correlation, weight: readonly number[], length: number): readonly Dispatch[] {
  const shape = [outputs, ...taps, channels];
  const [byOutput, byChannel, down, across] = kernel.strides;
  const input = { type: 'f32' as const, length: product(weight), offset: kernel.first, strides: [byOutput, down, across, byChannel] };
  return map.dispatches({ shape, inputs: [input], steps: [], output: { type: 'f32', length, offset: 0, strides: stridesOf(shape) } });
}

/** One correlation of the films with its part of the kernel, which lies in array `at`; sums of slices in the one after. */
function correlate(one: Correlation, { of, weight, half, epilogue }: ConvolutionProblem, [capabilities, variant]: Choice, at: number): Implicit | undefined {
  const problem = correlationProduct(one, half);
  const way = implicitWay(problem, capabilities, variant);
  if (!way) return undefined;
  const length = Math.max(4, one.outputs * problem.k);
  const { slices } = way.cut;
  const quads = one.channels % 4 === 0;
  const label = `convolution ${of}`;
  const kernel = reorder(one, weight, length).map((dispatch) => ({
    ...dispatch,
    label: `${label}: kernel in the order of its sums`,
    arrays: [1, at],
    writes: [at],
  }));
  const part = {
    label,
    problem,
    way,
    parameters: [...correlationParameters(one), ...epilogueParameters(epilogue)],
    quads,
    writer: placedWriter(epilogue),
    ...(epilogue ? { epilogue } : {}),
  };
  const products = partDispatches(
    { ...part, loaders: ([a]) => blockLoader(a) + filmLoader(quads), broadcast: broadcastShader },
    { a: at, b: 0, y: resultAt(epilogue), partial: at + 1, more: moreAt(epilogue) },
  );
  return { temporaries: [array(length), ...(slices > 1 ? [array(problem.m * problem.n * slices)] : [])], dispatches: [...kernel, ...products] };
}

/** Workgroups that keep any processor busy, the least places worth a slice, and the most slices. */
const [busy, leastDepth, mostSlices] = [128, 256, 16] as const;

/** On processors k is counted in lines of places, and cut like on GPUs: there sums are long, and their order the only one. */
function byLines({ m, n }: MatmulProblem, way: ImplicitWay, lines: number, size: number) {
  const { down, across } = way.cut;
  const wanted = Math.max(1, Math.min(Math.floor(busy / (down * across)), Math.floor((lines * size) / leastDepth), mostSlices));
  const depth = Math.max(1, Math.ceil(lines / wanted));
  return { problem: productOf(m, n, lines), way: { ...way, cut: { ...way.cut, depth, slices: Math.max(1, Math.ceil(lines / depth)) } } };
}

/** The weight's gradient: dy by channels times the films where the kernel's elements meet them, sums of slices in array 3. */
function weightGradient(problem: ConvolutionProblem, [capabilities, variant]: Choice): Implicit | undefined {
  const {
    x: [films],
    y,
  } = problem;
  const whole = weightProduct(problem);
  const way = implicitWay(whole, capabilities, variant);
  if (!way) return undefined;
  const lines = way.tier.kind === 'broadcast';
  const cut = lines ? byLines(whole, way, films * y[2], y[3]) : { problem: whole, way };
  const quads = (lines ? y[3] : y[2] * y[3]) % 4 === 0;
  const part = { label: 'convolution weight', ...cut, parameters: weightParameters(problem), quads, writer: denseWriter };
  const { slices } = cut.way.cut;
  return {
    temporaries: slices > 1 ? [array(whole.m * whole.n * slices)] : [],
    dispatches: partDispatches({ ...part, loaders: () => weightLoaders(quads), broadcast: broadcastWeightShader }, { a: 1, b: 0, y: 2, partial: 3, more: [] }),
  };
}

/** Names of the ways in which an adapter can compute these products, all phases alike; none where it has no tier for them, or where steps make too many. */
export function implicitNames(problem: ConvolutionProblem, capabilities: Capabilities): readonly string[] {
  const [first] = problem.of === 'weight' ? [weightProduct(problem)] : (correlationsOf(problem) ?? []).map((one) => correlationProduct(one, problem.half));
  return first ? implicitWays(first, capabilities).map(({ name }) => name) : [];
}

/** A convolution as such products; undefined where the adapter has no tier for them, or where steps make too many. */
export function implicit(problem: ConvolutionProblem, ...choice: Choice): Implicit | undefined {
  if (problem.of === 'weight') return weightGradient(problem, choice);
  const correlations = correlationsOf(problem);
  if (!correlations) return undefined;
  const [temporaries, dispatches]: [ArraySpec[], Dispatch[]] = [[], []];
  for (const one of correlations) {
    const made = correlate(one, problem, choice, resultAt(problem.epilogue) + 1 + temporaries.length);
    if (!made) return undefined;
    temporaries.push(...made.temporaries);
    dispatches.push(...made.dispatches);
  }
  return { temporaries, dispatches };
}
