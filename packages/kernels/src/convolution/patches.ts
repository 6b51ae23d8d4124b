// Convolutions whose kernels tile the film, as patch embedding has them: films as rows of patches, and one matrix product.
import type { ArraySpec, Capabilities, Dispatch, Kernel } from '../kernel.ts';
import { product, stridesOf } from '../kernel.ts';
import { map } from '../map/index.ts';
import type { View } from '../map/problem.ts';
import { matmul } from '../matmul/index.ts';
import type { MatmulProblem } from '../matmul/problem.ts';
import { moreAt, resultAt } from './epilogue.ts';
import type { ConvolutionProblem } from './problem.ts';

/** Whether each element of the films lies in one patch. */
export function tilesFilm({ x, weight, y, stride, padding }: ConvolutionProblem): boolean {
  return [0, 1].every((axis) => {
    const size = weight[2 + axis]!;
    return stride[axis] === size && padding[axis] === 0 && x[2 + axis] === y[2 + axis]! * size;
  });
}

/** An adapter, and the product's variant that is asked for. */
type Choice = readonly [capabilities: Capabilities, variant: string | undefined];

const array = (length: number): ArraySpec => ({ type: 'f32', length });
const dense = (shape: readonly number[]): View => ({ type: 'f32', length: product(shape), offset: 0, strides: stridesOf(shape) });

/** Arrays that lie between: rows of patches, dy by channels for the weight's gradient, and what the product needs. */
export function patchTemporaries(problem: ConvolutionProblem, capabilities: Capabilities, variant: string | undefined): ArraySpec[] {
  const { of, x, y } = problem;
  const extra = of === 'weight' ? [array(product(y))] : [];
  return [array(product(x)), ...extra, ...(matmul.arrays(patchProduct(problem), capabilities, variant).temporaries ?? [])];
}

/** The product: (weight, patches) -> y, (dy, weight) -> patches of dx, (dy by channels, patches) -> dweight. */
export function patchProduct({ of, x: [films], weight, y, half, epilogue }: ConvolutionProblem): MatmulProblem {
  const [outputs, places, depth] = [weight[0], y[2] * y[3], product(weight.slice(1))];
  const flags = { transposeA: of === 'input', transposeB: of === 'output', ...(half ? { half } : {}) };
  if (of === 'weight') return { m: outputs, n: depth, k: films * places, ...flags, lead: [], leadA: [], leadB: [] };
  if (of === 'output') return { m: outputs, n: places, k: depth, ...flags, lead: [films], leadA: [0], leadB: [1], ...(epilogue ? { epilogue } : {}) };
  return { m: places, n: depth, k: outputs, ...flags, lead: [films], leadA: [1], leadB: [0] };
}

/** A kernel's dispatches on other arrays: `places[i]` is where its array i lies among them. */
function on<P>(kernel: Kernel<P>, problem: NoInfer<P>, [capabilities, variant]: Choice, label: string, places: readonly number[]): Dispatch[] {
  return kernel.dispatches(problem, capabilities, variant).map((dispatch) => ({
    ...dispatch,
    label: `convolution: ${label}`,
    arrays: dispatch.arrays.map((i) => places[i]!),
    writes: dispatch.writes.map((i) => places[i]!),
  }));
}

/** The dispatches: inputs 0 and 1, the epilogue's inputs, the result, rows of patches, then the other temporaries. */
export function patchDispatches(problem: ConvolutionProblem, ...choice: Choice): Dispatch[] {
  const { of, x, weight, y, epilogue } = problem;
  const result = resultAt(epilogue);
  const [films, channels, height, width] = x;
  const [, , kh, kw] = weight;
  const shape = [films, y[2], y[3], channels, kh, kw];
  const inFilms: View = { ...dense(x), strides: [channels * height * width, kh * width, kw, height * width, width, 1] };
  const rows = (label: string, inputs: View, output: View, from: number, to: number) =>
    on(map, { shape, inputs: [inputs], steps: [], output }, [choice[0], undefined], label, [from, to]);
  const multiply = (places: readonly number[]) => on(matmul, patchProduct(problem), choice, 'product', places);
  if (of === 'output') return [...rows('patches', inFilms, dense(shape), 0, result + 1), ...multiply([1, result + 1, ...moreAt(epilogue), result, result + 2])];
  if (of === 'input') return [...multiply([0, 1, 3, 4]), ...rows('films', dense(shape), inFilms, 3, 2)];
  // dy (B, O, places) as (O, B, places).
  const byChannel = [y[1], films, y[2] * y[3]];
  const own: View = { ...dense(y), strides: [y[2] * y[3], y[1] * y[2] * y[3], 1] };
  return [
    ...rows('patches', inFilms, dense(shape), 0, 3),
    ...on(map, { shape: byChannel, inputs: [own], steps: [], output: dense(byChannel) }, [choice[0], undefined], 'dy by channels', [1, 4]),
    ...multiply([4, 3, 2, 5]),
  ];
}
