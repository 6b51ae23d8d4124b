// Convolutions whose kernels tile the image, as patch embedding has them: images as rows of patches, and one matrix product.
import { onArrays } from '../dispatch.ts';
import type { ArraySpec, Capabilities, Dispatch } from '../kernel.ts';
import { arrayOf, sizeOf } from '../kernel.ts';
import { map } from '../map/index.ts';
import type { View } from '../map/problem.ts';
import { denseView } from '../map/problem.ts';
import { matmul } from '../matmul/index.ts';
import type { MatmulProblem } from '../matmul/problem.ts';
import type { ConvolutionProblem } from './problem.ts';

/** Whether each element of the images lies in one patch. */
export function tilesImage({ x, weight, y, stride, padding }: ConvolutionProblem): boolean {
  return [0, 1].every((axis) => {
    const size = weight[2 + axis]!;
    return stride[axis] === size && padding[axis] === 0 && x[2 + axis] === y[2 + axis]! * size;
  });
}

/** Arrays that lie between: rows of patches, dy by channels for the weight's gradient, and what the product needs. */
export function patchTemporaries(problem: ConvolutionProblem, capabilities: Capabilities, variant: string | undefined): ArraySpec[] {
  const { of, x, y } = problem;
  const byChannel = of === 'weight' ? [arrayOf('dyByChannel', sizeOf(y))] : [];
  return [arrayOf('patches', sizeOf(x)), ...byChannel, ...(matmul.arrays(patchProduct(problem), capabilities, variant).temporaries ?? [])];
}

/** The product: (weight, patches) -> y, (dy, weight) -> patches of dx, (dy by channels, patches) -> dweight. */
export function patchProduct({ of, x: [images], weight, y, half, epilogue }: ConvolutionProblem): MatmulProblem {
  const [outputs, places, depth] = [weight[0], y[2] * y[3], sizeOf(weight.slice(1))];
  const flags = { transposeA: of === 'input', transposeB: of === 'output', ...(half ? { half } : {}) };
  if (of === 'weight') return { m: outputs, n: depth, k: images * places, ...flags, lead: [], leadA: [], leadB: [] };
  if (of === 'output') return { m: outputs, n: places, k: depth, ...flags, lead: [images], leadA: [0], leadB: [1], ...(epilogue ? { epilogue } : {}) };
  return { m: places, n: depth, k: outputs, ...flags, lead: [images], leadA: [1], leadB: [0] };
}

/** The dispatches, on the convolution's arrays and those between. */
export function patchDispatches(problem: ConvolutionProblem, capabilities: Capabilities, variant: string | undefined): Dispatch[] {
  const { of, x, weight, y } = problem;
  const [images, channels, height, width] = x;
  const [, , kh, kw] = weight;
  const shape = [images, y[2], y[3], channels, kh, kw];
  const inImages: View = { ...denseView(x), strides: [channels * height * width, kh * width, kw, height * width, width, 1] };
  const onto = (dispatches: readonly Dispatch[], label: string, arrays: Readonly<Record<string, string>>): Dispatch[] =>
    dispatches.map((dispatch) => onArrays({ ...dispatch, label: `convolution: ${label}` }, arrays));
  const move = (label: string, moved: readonly number[], [from, to]: readonly [string, string], input: View, output: View) =>
    onto(map.dispatches({ shape: moved, inputs: [input], steps: [], output }, capabilities), label, { x0: from, y: to });
  const multiply = (a: string, b: string, result: string) =>
    onto(matmul.dispatches(patchProduct(problem), capabilities, variant), 'product', { a, b, y: result });
  if (of === 'output') return [...move('patches', shape, ['x', 'patches'], inImages, denseView(shape)), ...multiply('weight', 'patches', 'y')];
  if (of === 'input') return [...multiply('dy', 'weight', 'patches'), ...move('images', shape, ['patches', 'dx'], denseView(shape), inImages)];
  // dy (B, O, places) as (O, B, places).
  const byChannel = [y[1], images, y[2] * y[3]];
  const ofChannels: View = { ...denseView(y), strides: [y[2] * y[3], y[1] * y[2] * y[3], 1] };
  return [
    ...move('patches', shape, ['x', 'patches'], inImages, denseView(shape)),
    ...move('dy by channels', byChannel, ['dy', 'dyByChannel'], ofChannels, denseView(byChannel)),
    ...multiply('dyByChannel', 'patches', 'dweight'),
  ];
}
