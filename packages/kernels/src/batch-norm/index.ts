// Batch norm over images by the batch's own statistics, and its gradients [Ioffe & Szegedy 2015].
import { dispatchOf, onArrays } from '../dispatch.ts';
import type { ArrayName, Dispatch, Kernel, Numbers } from '../kernel.ts';
import { arrayOf, bytesOf, everyAdapter } from '../kernel.ts';
import { f32 } from '../parameters.ts';
import type { RowGroup } from '../row-group.ts';
import { rowGroupOf } from '../row-group.ts';
import { lanesOf, longItems, spread, spreadThreads } from '../shader.ts';
import { cases } from './cases.ts';
import type { BatchNormProblem } from './problem.ts';
import { reference } from './reference.ts';
import { inputShader, normalizeShader, statisticsShader, sumsShader, weightShader } from './wgsl.ts';

/** About how many elements of a channel one group takes. */
const sliceElements = 4096;

/** How a channel is cut: a slice is `partItems` items of the places of `sliceImages` images. */
function cutOf({ batch, places }: BatchNormProblem) {
  const lanes = lanesOf(places);
  const imageItems = places / lanes;
  const sliceImages = Math.max(1, Math.floor(sliceElements / Math.max(1, places)));
  const partItems = Math.max(1, Math.ceil(imageItems / Math.max(1, Math.ceil(places / sliceElements))));
  const imageParts = Math.max(1, Math.ceil(imageItems / partItems));
  return { lanes, imageItems, sliceImages, partItems, imageParts, slices: Math.max(1, Math.ceil(batch / sliceImages)) * imageParts };
}

function arrays(problem: BatchNormProblem) {
  const { of, batch, channels, places } = problem;
  const [elements, sums] = [batch * channels * places, channels * cutOf(problem).slices];
  const [x, weight, mean, variance] = [arrayOf('x', elements), arrayOf('weight', channels), arrayOf('mean', channels), arrayOf('variance', channels)];
  if (of === 'forward')
    return {
      inputs: [x, weight, arrayOf('bias', channels)],
      outputs: [arrayOf('y', elements), mean, variance],
      temporaries: [arrayOf('sliceMeans', sums), arrayOf('sliceSquares', sums)],
    };
  return {
    inputs: [x, weight, mean, variance, arrayOf('dy', elements)],
    outputs: [arrayOf('dx', elements), arrayOf('dweight', channels), arrayOf('dbias', channels)],
    temporaries: [arrayOf('sliceWeights', sums), arrayOf('sliceBiases', sums)],
  };
}

type BatchNormDispatch = Dispatch<ArrayName<typeof arrays>>;

function parametersOf(problem: BatchNormProblem) {
  const { batch: images, channels, epsilon } = problem;
  const { imageItems, sliceImages, partItems, imageParts, slices } = cutOf(problem);
  return { groups: channels * slices, channels, imageItems, images, sliceImages, partItems, imageParts, slices, epsilon: f32(epsilon) };
}

function forwardDispatches(problem: BatchNormProblem, group: RowGroup): BatchNormDispatch[] {
  // Of no elements a mean is none.
  if (problem.channels * problem.batch * problem.places === 0) return [];
  const [{ lanes }, parameters] = [cutOf(problem), parametersOf(problem)];
  const workgroups = spread(parameters.groups);
  return [
    dispatchOf('batch-norm: statistics of slices', parameters, statisticsShader(lanes, group), workgroups),
    dispatchOf('batch-norm: y', parameters, normalizeShader(lanes, group), workgroups),
  ];
}

function gradientDispatches(problem: BatchNormProblem, group: RowGroup): BatchNormDispatch[] {
  // Of no elements sums are zero.
  if (problem.channels === 0) return [];
  const [{ lanes, slices }, parameters] = [cutOf(problem), parametersOf(problem)];
  const workgroups = spread(parameters.groups);
  const sums = dispatchOf('batch-norm: sums of slices', parameters, sumsShader(lanes, group), workgroups);
  const added = dispatchOf('batch-norm: dweight, dbias', parameters, weightShader(), spreadThreads(problem.channels, longItems));
  const input = dispatchOf('batch-norm: dx', parameters, inputShader(lanes, group), workgroups);
  // One slice's sums are the channel's.
  return slices === 1 ? [onArrays(sums, { sliceWeights: 'dweight', sliceBiases: 'dbias' }), input] : [sums, added, input];
}

/** The kernel. */
export const batchNorm: Kernel<BatchNormProblem> = {
  name: 'batch-norm',
  pass: ({ of }) => (of === 'forward' ? 'forward' : 'backward'),
  arrays,
  dispatches: (problem, capabilities = everyAdapter) => (problem.of === 'forward' ? forwardDispatches : gradientDispatches)(problem, rowGroupOf(capabilities)),
  cost: (problem) => ({ flops: (problem.of === 'forward' ? 7 : 14) * problem.batch * problem.channels * problem.places, bytes: bytesOf(arrays(problem)) }),
  reference: (problem, inputs): readonly Numbers[] => reference(problem, inputs),
  cases,
};
