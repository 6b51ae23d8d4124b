// Shaders of the gradient norm: sums of squares of chunks, then one group for the root of their sum.
import { shaderOf } from '../dispatch.ts';
import type { RowGroup } from '../row-group.ts';
import { itemSum } from '../shader.ts';
import { boundGradients, eachQuad, findChunk } from '../tensor-table.ts';

/** The sum of squares of each chunk, the same whoever shares the dispatch. Parameters: chunks, tensorCount, firstSum, tensors. */
export const squaresShader = (chunk: number, { extensions, reductions, entry }: RowGroup) =>
  shaderOf({
    extensions,
    reads: boundGradients,
    writes: { squares: 'f32' },
    code: `${reductions}
fn square(g: vec4<f32>, left: u32) -> vec4<f32> {
  let own = select(vec4<f32>(0.0f), g, vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(left));
  return own * own;
}${entry(
      'parameters.chunks',
      `${findChunk(1, chunk)}
  var sum = vec4<f32>(0.0f);
${eachQuad((quad) => `sum += square(${quad}, row.y - 4u * j);`)}
  let total = groupSum(${itemSum(4, 'sum')}, lane);
  if (lane == 0u) { squares[parameters.firstSum + i] = total; }`,
    )}`,
  });

/** One group: the root of the sum of all squares. Parameters: count. */
export const normShader = (scaled: boolean, { extensions, reductions, entry }: RowGroup) =>
  shaderOf({
    extensions,
    reads: { squares: 'f32', ...(scaled ? ({ lossScale: 'f32' } as const) : {}) },
    writes: { norm: 'f32' },
    code: `${reductions}${entry(
      '1u',
      `  var sum = 0.0f;
  for (var j = lane; j < parameters.count; j += groupThreads) { sum += squares[j]; }
  let total = groupSum(sum, lane);
  if (lane == 0u) { norm[0] = sqrt(total)${scaled ? ' / lossScale[0]' : ''}; }`,
    )}`,
  });
