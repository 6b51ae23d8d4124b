// Layer norm over the last axis and its gradients [Ba et al. 2016].
import type { ArraySpec, Dispatch, Kernel, Numbers } from '../kernel.ts';
import { bytesOf, everyAdapter } from '../kernel.ts';
import type { RowGroup } from '../row-group.ts';
import { rowGroupOf } from '../row-group.ts';
import { floatBits, lanesOf, longItems, pack, spread, spreadThreads } from '../shader.ts';
import { cases } from './cases.ts';
import { reference } from './reference.ts';
import { forwardShader, inputShader, sliceShader, weightShader } from './wgsl.ts';
import type { LayerNormProblem } from './problem.ts';

const array = (length: number): ArraySpec => ({ type: 'f32', length });

/** Rows whose sums one thread adds up, by columns. */
const sliceRows = 32;

function arrays({ of, rows, width, half }: LayerNormProblem) {
  const [x, row, column] = [array(rows * width), array(rows), array(width)];
  if (of === 'forward') return { inputs: [x, column, column], outputs: [half ? { ...x, type: 'f16' as const } : x, row, row] };
  const partial = array(Math.max(1, Math.ceil(rows / sliceRows)) * width);
  return { inputs: [x, column, row, row, x], outputs: [x, column, column], temporaries: [partial, partial] };
}

/** The gradient's dispatches: x 0, weight 1, mean 2, scale 3, dy 4; dx 5, dweight 6, dbias 7; sums of slices 8, 9. */
function gradientDispatches({ rows, width }: LayerNormProblem, group: RowGroup): Dispatch[] {
  const lanes = lanesOf(width);
  const across = width / lanes;
  const slices = Math.ceil(rows / sliceRows);
  const on = (label: string, code: (count: number) => string, parameters: Uint32Array, list: readonly number[], writes: readonly number[], items: number) =>
    items === 0
      ? []
      : [{ label: `layer-norm: ${label}`, code: code(parameters.length), parameters, arrays: list, writes, workgroups: spreadThreads(items, longItems) }];
  return [
    ...on('dx', (count) => inputShader(lanes, group, count), pack([rows, across]), [0, 1, 2, 3, 4, 5], [5], rows * across).map((dispatch) => ({
      ...dispatch,
      workgroups: spread(rows),
    })),
    ...on('slices', (count) => sliceShader(lanes, count), pack([slices * across, across, rows, sliceRows]), [0, 2, 3, 4, 8, 9], [8, 9], slices * across),
    ...on('dweight, dbias', (count) => weightShader(lanes, count), pack([across, slices]), [8, 9, 6, 7], [6, 7], across),
  ];
}

/** The kernel. */
export const layerNorm: Kernel<LayerNormProblem> = {
  name: 'layer-norm',
  pass: ({ of }) => (of === 'forward' ? 'forward' : 'backward'),
  arrays,
  dispatches: (problem, capabilities = everyAdapter) => {
    const { of, rows, width, epsilon, half = false } = problem;
    if (of === 'gradient') return gradientDispatches(problem, rowGroupOf(capabilities));
    if (rows === 0) return [];
    const lanes = lanesOf(width);
    const parameters = pack([rows, width / lanes, floatBits(epsilon)]);
    const code = forwardShader(lanes, half, rowGroupOf(capabilities), parameters.length);
    return [{ label: 'layer-norm', code, parameters, arrays: [0, 1, 2, 3, 4, 5], writes: [3, 4, 5], workgroups: spread(rows) }];
  },
  cost: (problem) => ({ flops: (problem.of === 'forward' ? 7 : 14) * problem.rows * problem.width, bytes: bytesOf(arrays(problem)) }),
  reference: (problem, inputs): readonly Numbers[] => reference(problem, inputs),
  cases,
};
