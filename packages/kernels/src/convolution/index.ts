// 2-D cross-correlation and its two adjoints: products of matrices whose patches are stored (where kernels tile the image) or read from the
// images, strips of rows for depthwise ones, else one thread per element of the result.
import { dispatchOf } from '../dispatch.ts';
import type { ArraySpec, Capabilities, Kernel, Numbers } from '../kernel.ts';
import { arrayOf, bytesOf, everyAdapter, sizeClass, sizeOf } from '../kernel.ts';
import { matmul } from '../matmul/index.ts';
import { longItems, spreadThreads } from '../shader.ts';
import { cases } from './cases.ts';
import { correlationsOf } from './correlation.ts';
import { depthwiseDispatches, depthwiseTemporaries, isDepthwise } from './depthwise.ts';
import { epilogueArrays } from './epilogue.ts';
import { implicit, implicitNames } from './implicit.ts';
import { patchDispatches, patchProduct, patchTemporaries, tilesImage } from './patches.ts';
import type { ConvolutionProblem } from './problem.ts';
import { reference } from './reference.ts';
import { elementParameters, shader } from './wgsl.ts';

/** Inputs: (x, weight, what the epilogue reads) for the output, (dy, weight) for the input's gradient, (x, dy) for the weight's. */
function arrays(problem: ConvolutionProblem, capabilities: Capabilities = everyAdapter, variant?: string) {
  const temporaries = temporariesOf(problem, capabilities, variant);
  return { ...plain(problem), ...(temporaries ? { temporaries } : {}) };
}

function temporariesOf(problem: ConvolutionProblem, capabilities: Capabilities, variant: string | undefined): readonly ArraySpec[] | undefined {
  if (isGrouped(problem)) return isDepthwise(problem) ? depthwiseTemporaries(problem) : undefined;
  return tilesImage(problem) ? patchTemporaries(problem, capabilities, variant) : implicit(problem, capabilities, named(variant))?.temporaries;
}

function plain({ of, x, weight, y, epilogue }: ConvolutionProblem): { readonly inputs: ArraySpec[]; readonly outputs: ArraySpec[] } {
  switch (of) {
    case 'output':
      return { inputs: [arrayOf('x', sizeOf(x)), arrayOf('weight', sizeOf(weight)), ...epilogueArrays(epilogue)], outputs: [arrayOf('y', sizeOf(y))] };
    case 'input':
      return { inputs: [arrayOf('dy', sizeOf(y)), arrayOf('weight', sizeOf(weight))], outputs: [arrayOf('dx', sizeOf(x))] };
    case 'weight':
      return { inputs: [arrayOf('x', sizeOf(x)), arrayOf('dy', sizeOf(y))], outputs: [arrayOf('dweight', sizeOf(weight))] };
  }
}

/** The variant of adapters, or of steps, that leave no product: one thread for each element of the result. */
const byElement = 'element';

/** The one variant of depthwise convolutions: strips of rows. */
const byStrip = 'strip';

const isGrouped = ({ groups = 1 }: ConvolutionProblem): boolean => groups > 1;

/** A variant of products; none for the one that has none. */
const named = (variant: string | undefined): string | undefined => (variant === byElement ? undefined : variant);

function namesOf(problem: ConvolutionProblem, capabilities: Capabilities): readonly string[] {
  if (isGrouped(problem)) return [isDepthwise(problem) ? byStrip : byElement];
  if (tilesImage(problem)) return matmul.variants!.names(patchProduct(problem), capabilities);
  const names = implicitNames(problem, capabilities);
  return names.length > 0 ? names : [byElement];
}

const quads = (size: number): string => `${sizeClass(size)}${size % 4 === 0 ? 'q' : ''}`;

/** What is computed, and the sizes of images, channels, kernel and steps. */
function shapeClass(problem: ConvolutionProblem): string {
  const { of, x, weight, y, stride, groups, half } = problem;
  if (isGrouped(problem)) return `${groups} groups ${of} ${sizeClass(sizeOf(y))} ${weight.join('x')} by ${stride.join('x')}`;
  if (tilesImage(problem)) return `patches ${of} ${matmul.variants!.shapeClass(patchProduct(problem))}`;
  // Tables of measured choices know those that read images by this word.
  const method = of === 'weight' || correlationsOf(problem) ? 'films' : byElement;
  const sizes = [x[0], x[1], y[1]].map(quads).join('x');
  return `${method} ${of}${half ? ' half' : ''} ${sizes} ${sizeClass(y[2] * y[3])} ${weight.slice(2).join('x')} by ${stride.join('x')}`;
}

/** The kernel. */
export const convolution: Kernel<ConvolutionProblem> = {
  name: 'convolution',
  pass: ({ of }) => (of === 'output' ? 'forward' : 'backward'),
  arrays,
  variants: { names: namesOf, shapeClass },
  dispatches: (problem, capabilities = everyAdapter, variant) => {
    const count = plain(problem).outputs[0]!.length;
    if (count === 0) return [];
    const byElements = [dispatchOf(`convolution ${problem.of}`, elementParameters(count, problem), shader(problem), spreadThreads(count, longItems))];
    if (isGrouped(problem)) return isDepthwise(problem) ? depthwiseDispatches(problem, capabilities) : byElements;
    if (tilesImage(problem)) return patchDispatches(problem, capabilities, variant);
    return implicit(problem, capabilities, named(variant))?.dispatches ?? byElements;
  },
  cost: (problem) => ({ flops: 2 * sizeOf(problem.y) * sizeOf(problem.weight.slice(1)), bytes: bytesOf(plain(problem)) }),
  reference: (problem, inputs): readonly Numbers[] => reference(problem, inputs as [Numbers, Numbers]),
  cases,
};
