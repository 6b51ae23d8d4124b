// 2-D cross-correlation and its two adjoints: products of matrices whose patches are stored (where kernels tile the film) or read from the
// films, else one thread per element of the result.
import type { ArraySpec, Capabilities, Kernel, Numbers } from '../kernel.ts';
import { bytesOf, everyAdapter, product, sizeClass } from '../kernel.ts';
import { matmul } from '../matmul/index.ts';
import { longItems, pack, spreadThreads } from '../shader.ts';
import { cases } from './cases.ts';
import { correlationsOf } from './correlation.ts';
import { epilogueArrays, epilogueParameters, moreAt, resultAt } from './epilogue.ts';
import { implicit, implicitNames } from './implicit.ts';
import { patchDispatches, patchProduct, patchTemporaries, tilesFilm } from './patches.ts';
import { reference } from './reference.ts';
import { shader } from './wgsl.ts';
import type { ConvolutionProblem } from './problem.ts';

const array = (shape: readonly number[]): ArraySpec => ({ type: 'f32', length: product(shape) });

/** Inputs: (x, weight, what the epilogue reads) for the output, (dy, weight) for the input's gradient, (x, dy) for the weight's. */
function arrays(problem: ConvolutionProblem, capabilities: Capabilities = everyAdapter, variant?: string) {
  const temporaries = tilesFilm(problem) ? patchTemporaries(problem, capabilities, variant) : implicit(problem, capabilities, named(variant))?.temporaries;
  return { ...plain(problem), ...(temporaries ? { temporaries } : {}) };
}

function plain({ of, x, weight, y, epilogue }: ConvolutionProblem): { readonly inputs: ArraySpec[]; readonly outputs: ArraySpec[] } {
  if (of === 'output') return { inputs: [array(x), array(weight), ...epilogueArrays(epilogue)], outputs: [array(y)] };
  if (of === 'input') return { inputs: [array(y), array(weight)], outputs: [array(x)] };
  return { inputs: [array(x), array(y)], outputs: [array(weight)] };
}

/** The way of adapters, or of steps, that leave no product: one thread for each element of the result. */
const byElement = 'element';

/** A variant of products; none for the way that has none. */
const named = (variant: string | undefined): string | undefined => (variant === byElement ? undefined : variant);

function namesOf(problem: ConvolutionProblem, capabilities: Capabilities): readonly string[] {
  if (tilesFilm(problem)) return matmul.variants!.names(patchProduct(problem), capabilities);
  const names = implicitNames(problem, capabilities);
  return names.length > 0 ? names : [byElement];
}

const quads = (size: number): string => `${sizeClass(size)}${size % 4 === 0 ? 'q' : ''}`;

/** What is computed, and the sizes of films, channels, kernel and steps. */
function shapeClass(problem: ConvolutionProblem): string {
  const { of, x, weight, y, stride, half } = problem;
  if (tilesFilm(problem)) return `patches ${of} ${matmul.variants!.shapeClass(patchProduct(problem))}`;
  const way = of === 'weight' || correlationsOf(problem) ? 'films' : byElement;
  const sizes = [x[0], x[1], y[1]].map(quads).join('x');
  return `${way} ${of}${half ? ' half' : ''} ${sizes} ${sizeClass(y[2] * y[3])} ${weight.slice(2).join('x')} by ${stride.join('x')}`;
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
    if (tilesFilm(problem)) return patchDispatches(problem, capabilities, variant);
    const products = implicit(problem, capabilities, named(variant));
    if (products) return products.dispatches;
    const { of, x, weight, y, stride, padding, epilogue } = problem;
    const parameters = pack([count, ...x, weight[0], weight[2], weight[3], y[2], y[3], ...stride, ...padding, ...epilogueParameters(epilogue)]);
    const result = resultAt(epilogue);
    return [
      {
        label: `convolution ${of}`,
        code: shader(problem, parameters.length),
        parameters,
        arrays: [0, 1, ...moreAt(epilogue), result],
        writes: [result],
        workgroups: spreadThreads(count, longItems),
      },
    ];
  },
  cost: (problem) => ({ flops: 2 * product(problem.y) * product(problem.weight.slice(1)), bytes: bytesOf(plain(problem)) }),
  reference: (problem, inputs): readonly Numbers[] => reference(problem, inputs as [Numbers, Numbers]),
  cases,
};
