// 2-D cross-correlation and its two adjoints: products of matrices whose patches are stored (where kernels tile the film) or read from the
// films, else one thread per element of the result.
import type { ArraySpec, Capabilities, Kernel, Numbers } from '../kernel.ts';
import { bytesOf, everyAdapter, product } from '../kernel.ts';
import { longItems, pack, spreadThreads } from '../shader.ts';
import { cases } from './cases.ts';
import { patchDispatches, patchTemporaries, tilesFilm } from './patches.ts';
import { implicit } from './implicit.ts';
import { reference } from './reference.ts';
import { shader } from './wgsl.ts';

/** Shapes: x (B, C, H, W), weight (O, C, kh, kw), y (B, O, oh, ow). `of` says what is computed from the two others. */
export interface ConvolutionProblem {
  readonly of: 'output' | 'input' | 'weight';
  readonly x: readonly [number, number, number, number];
  readonly weight: readonly [number, number, number, number];
  readonly y: readonly [number, number, number, number];
  readonly stride: readonly [number, number];
  readonly padding: readonly [number, number];
}

const array = (shape: readonly number[]): ArraySpec => ({ type: 'f32', length: product(shape) });

/** Inputs: (x, weight) for the output, (dy, weight) for the input's gradient, (x, dy) for the weight's. */
function arrays(problem: ConvolutionProblem, capabilities: Capabilities = everyAdapter) {
  const temporaries = tilesFilm(problem) ? patchTemporaries(problem, capabilities) : implicit(problem, capabilities)?.temporaries;
  return { ...plain(problem), ...(temporaries ? { temporaries } : {}) };
}

function plain({ of, x, weight, y }: ConvolutionProblem): { readonly inputs: ArraySpec[]; readonly outputs: ArraySpec[] } {
  if (of === 'output') return { inputs: [array(x), array(weight)], outputs: [array(y)] };
  if (of === 'input') return { inputs: [array(y), array(weight)], outputs: [array(x)] };
  return { inputs: [array(x), array(y)], outputs: [array(weight)] };
}

/** The kernel. */
export const convolution: Kernel<ConvolutionProblem> = {
  name: 'convolution',
  pass: ({ of }) => (of === 'output' ? 'forward' : 'backward'),
  arrays,
  dispatches: (problem, capabilities = everyAdapter) => {
    const count = plain(problem).outputs[0]!.length;
    if (count === 0) return [];
    if (tilesFilm(problem)) return patchDispatches(problem, capabilities);
    const products = implicit(problem, capabilities);
    if (products) return products.dispatches;
    const { of, x, weight, y, stride, padding } = problem;
    const parameters = pack([count, ...x, weight[0], weight[2], weight[3], y[2], y[3], ...stride, ...padding]);
    return [
      {
        label: `convolution ${of}`,
        code: shader(of, parameters.length),
        parameters,
        arrays: [0, 1, 2],
        writes: [2],
        workgroups: spreadThreads(count, longItems),
      },
    ];
  },
  cost: (problem) => ({ flops: 2 * product(problem.y) * product(problem.weight.slice(1)), bytes: bytesOf(plain(problem)) }),
  reference: (problem, [a, b]): readonly Numbers[] => reference(problem, a!, b!),
  cases,
};
