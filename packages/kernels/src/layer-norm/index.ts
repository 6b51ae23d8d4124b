// Layer norm over the last axis and its gradients [Ba et al. 2016].
import { dispatchOf } from '../dispatch.ts';
import type { ArrayName, Dispatch, Kernel, Numbers } from '../kernel.ts';
import { arrayOf, bytesOf, everyAdapter } from '../kernel.ts';
import { f32 } from '../parameters.ts';
import type { RowGroup } from '../row-group.ts';
import { rowGroupOf } from '../row-group.ts';
import { lanesOf, longItems, spread, spreadThreads } from '../shader.ts';
import { cases } from './cases.ts';
import type { LayerNormProblem } from './problem.ts';
import { reference } from './reference.ts';
import { forwardShader, inputShader, sliceShader, weightShader } from './wgsl.ts';

/** Rows whose sums one thread adds up, by columns. */
const sliceRows = 32;
const slicesOf = ({ rows }: LayerNormProblem): number => Math.ceil(rows / sliceRows);

function arrays(problem: LayerNormProblem) {
  const { of, rows, width, half } = problem;
  const [x, weight, mean, scale] = [arrayOf('x', rows * width), arrayOf('weight', width), arrayOf('mean', rows), arrayOf('scale', rows)];
  if (of === 'forward') return { inputs: [x, weight, arrayOf('bias', width)], outputs: [arrayOf('y', rows * width, half ? 'f16' : 'f32'), mean, scale] };
  const sums = Math.max(1, slicesOf(problem)) * width;
  return {
    inputs: [x, weight, mean, scale, arrayOf('dy', rows * width)],
    outputs: [arrayOf('dx', rows * width), arrayOf('dweight', width), arrayOf('dbias', width)],
    temporaries: [arrayOf('sliceWeights', sums), arrayOf('sliceBiases', sums)],
  };
}

type LayerNormDispatch = Dispatch<ArrayName<typeof arrays>>;

function forwardDispatches({ rows, width, epsilon, half = false }: LayerNormProblem, group: RowGroup): LayerNormDispatch[] {
  if (rows === 0) return [];
  const lanes = lanesOf(width);
  return [dispatchOf('layer-norm', { rows, rowItems: width / lanes, epsilon: f32(epsilon) }, forwardShader(lanes, half, group), spread(rows))];
}

function gradientDispatches(problem: LayerNormProblem, group: RowGroup): LayerNormDispatch[] {
  const { rows, width } = problem;
  if (width === 0) return [];
  const lanes = lanesOf(width);
  const [rowItems, slices] = [width / lanes, slicesOf(problem)];
  const ofColumns = dispatchOf('layer-norm: dweight, dbias', { rowItems, slices }, weightShader(lanes), spreadThreads(rowItems, longItems));
  if (rows === 0) return [ofColumns];
  const items = slices * rowItems;
  return [
    dispatchOf('layer-norm: dx', { rows, rowItems }, inputShader(lanes, group), spread(rows)),
    dispatchOf('layer-norm: slices', { items, rowItems, rows, sliceRows }, sliceShader(lanes), spreadThreads(items, longItems)),
    ofColumns,
  ];
}

/** The kernel. */
export const layerNorm: Kernel<LayerNormProblem> = {
  name: 'layer-norm',
  pass: ({ of }) => (of === 'forward' ? 'forward' : 'backward'),
  arrays,
  dispatches: (problem, capabilities = everyAdapter) => (problem.of === 'forward' ? forwardDispatches : gradientDispatches)(problem, rowGroupOf(capabilities)),
  cost: (problem) => ({ flops: (problem.of === 'forward' ? 7 : 14) * problem.rows * problem.width, bytes: bytesOf(arrays(problem)) }),
  reference: (problem, inputs): readonly Numbers[] => reference(problem, inputs),
  cases,
};
