// Convolutions as products whose operands are read from images and kernels, so that no patches are stored: what each product is, and
// the arrays between.
import { onArrays } from '../dispatch.ts';
import type { ArraySpec, Capabilities, Dispatch } from '../kernel.ts';
import { arrayOf, sizeOf, stridesOf } from '../kernel.ts';
import { map } from '../map/index.ts';
import { blockLoader } from '../matmul/block.ts';
import type { MatmulProblem } from '../matmul/problem.ts';
import type { TierText } from '../matmul/tile.ts';
import { broadcastWeightShader } from './broadcast-weight.ts';
import { broadcastShader } from './broadcast.ts';
import type { Correlation } from './correlation.ts';
import { correlationsOf } from './correlation.ts';
import { epilogueParameters } from './epilogue.ts';
import type { ImplicitVariant } from './implicit-product.ts';
import { implicitVariant, implicitVariants, productDispatches } from './implicit-product.ts';
import { imageLoader, weightLoaders } from './loaders.ts';
import { correlationParameters, denseWriter, placedWriter, weightParameters } from './parameters.ts';
import type { ConvolutionProblem } from './problem.ts';

/** Temporaries, and dispatches on them and on the convolution's arrays. */
export interface Implicit {
  readonly temporaries: readonly ArraySpec[];
  readonly dispatches: readonly Dispatch[];
}

/** An adapter, and the variant that is asked for. */
type Choice = readonly [capabilities: Capabilities, variant: string | undefined];

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

const correlationProduct = ({ outputs, images, places, channels, taps }: Correlation, half: boolean | undefined): MatmulProblem =>
  productOf(outputs, images * sizeOf(places), channels * sizeOf(taps), half);

const weightProduct = ({ x, weight, y, half }: ConvolutionProblem): MatmulProblem => productOf(weight[0], sizeOf(weight.slice(1)), x[0] * y[2] * y[3], half);

/** The kernel in the order of a correlation's sums, (outputs, taps, channels). */
function reorder(label: string, { outputs, channels, taps, kernel }: Correlation, weight: readonly number[], to: ArraySpec): readonly Dispatch[] {
  const shape = [outputs, ...taps, channels];
  const [byOutput, byChannel, down, across] = kernel.strides;
  const input = { type: 'f32' as const, length: sizeOf(weight), offset: kernel.first, strides: [byOutput, down, across, byChannel] };
  const output = { type: 'f32' as const, length: to.length, offset: 0, strides: stridesOf(shape) };
  return map
    .dispatches({ shape, inputs: [input], steps: [], output })
    .map((dispatch) => onArrays({ ...dispatch, label: `${label}: kernel in the order of its sums` }, { x0: 'weight', y: to.name }));
}

/** Correlation number `at` of the images with its part of the kernel. */
function correlate(one: Correlation, at: number, { of, weight, half, epilogue }: ConvolutionProblem, [capabilities, name]: Choice): Implicit | undefined {
  const problem = correlationProduct(one, half);
  const variant = implicitVariant(problem, capabilities, name);
  if (!variant) return undefined;
  const { slices } = variant.cut;
  const kernel = arrayOf(`kernel${at}`, Math.max(4, one.outputs * problem.k));
  const sliceSums = arrayOf(`sliceSums${at}`, problem.m * problem.n * slices);
  const quads = one.channels % 4 === 0;
  const label = `convolution ${of}`;
  const product = {
    label,
    problem,
    variant,
    quads,
    parameters: { ...correlationParameters(one), ...epilogueParameters(epilogue) },
    loaders: ([a]: TierText['operands']) => blockLoader(a) + imageLoader(quads),
    writer: placedWriter(epilogue),
    broadcast: broadcastShader,
    ...(epilogue ? { epilogue } : {}),
  };
  const [images, result] = of === 'output' ? ['x', 'y'] : ['dy', 'dx'];
  return {
    temporaries: [kernel, ...(slices > 1 ? [sliceSums] : [])],
    dispatches: [...reorder(label, one, weight, kernel), ...productDispatches(product, { a: kernel.name, b: images!, y: result!, sliceSums: sliceSums.name })],
  };
}

/** Workgroups that keep any processor busy, the least places worth a slice, and the max slices. */
const [busy, leastDepth, maxSlices] = [128, 256, 16] as const;

/** On processors k is counted in lines of places, and cut like on GPUs: there sums are long, and their order the only one. */
function byLines({ m, n }: MatmulProblem, variant: ImplicitVariant, lines: number, size: number) {
  const { down, across } = variant.cut;
  const slices = Math.max(1, Math.min(Math.floor(busy / (down * across)), Math.floor((lines * size) / leastDepth), maxSlices));
  const depth = Math.max(1, Math.ceil(lines / slices));
  const cut = { ...variant.cut, depth, slices: Math.max(1, Math.ceil(lines / depth)) };
  return { problem: productOf(m, n, lines), variant: { ...variant, cut } };
}

/** The weight's gradient: dy by channels times the images where the kernel's elements meet them. */
function weightGradient(problem: ConvolutionProblem, [capabilities, name]: Choice): Implicit | undefined {
  const [images] = problem.x;
  const [, , outHeight, outWidth] = problem.y;
  const whole = weightProduct(problem);
  const variant = implicitVariant(whole, capabilities, name);
  if (!variant) return undefined;
  const lines = variant.tier.kind === 'broadcast';
  const quads = (lines ? outWidth : outHeight * outWidth) % 4 === 0;
  const product = {
    label: 'convolution weight',
    ...(lines ? byLines(whole, variant, images * outHeight, outWidth) : { problem: whole, variant }),
    parameters: weightParameters(problem),
    quads,
    loaders: () => weightLoaders(quads),
    writer: denseWriter,
    broadcast: broadcastWeightShader,
  };
  const { slices } = product.variant.cut;
  return {
    temporaries: slices > 1 ? [arrayOf('sliceSums', whole.m * whole.n * slices)] : [],
    dispatches: productDispatches(product, { a: 'dy', b: 'x', y: 'dweight', sliceSums: 'sliceSums' }),
  };
}

/** Names of the variants by which an adapter can compute these products, all phases alike; none where it has no tier for them, or where steps make too many. */
export function implicitNames(problem: ConvolutionProblem, capabilities: Capabilities): readonly string[] {
  const [first] = problem.of === 'weight' ? [weightProduct(problem)] : (correlationsOf(problem) ?? []).map((one) => correlationProduct(one, problem.half));
  return first ? implicitVariants(first, capabilities).map(({ name }) => name) : [];
}

/** A convolution as such products; undefined where the adapter has no tier for them, or where steps make too many. */
export function implicit(problem: ConvolutionProblem, ...choice: Choice): Implicit | undefined {
  if (problem.of === 'weight') return weightGradient(problem, choice);
  const correlations = correlationsOf(problem);
  if (!correlations) return undefined;
  const [temporaries, dispatches]: [ArraySpec[], Dispatch[]] = [[], []];
  for (const [at, one] of correlations.entries()) {
    const correlated = correlate(one, at, problem, choice);
    if (!correlated) return undefined;
    temporaries.push(...correlated.temporaries);
    dispatches.push(...correlated.dispatches);
  }
  return { temporaries, dispatches };
}
