// Shaders of the optimizer. A workgroup takes a chunk of one tensor, in quads; what follows a tensor's last element is left as it is.
import { shaderOf } from '../dispatch.ts';
import { groupThreads, perGroup, perThread } from '../shader.ts';
import { boundGradients, eachQuad, findChunk } from '../tensor-table.ts';

/** 1 - e^x without cancellation near 0. */
const correction = `
fn oneMinusExp(x: f32) -> f32 {
  if (x > -0.05f) { return -x * (1.0f + x * (0.5f + x * (0.16666667f + x * (0.041666668f + x * 0.008333334f)))); }
  return 1.0f - exp(x);
}`;

/**
 * What all tensors share: rate, factor on gradients, on first moments, on second moments, and whether to update (0 where a scaled norm is not
 * finite, which its bits say: compilers may assume that numbers are). Parameters: logBeta1, logBeta2, maxNorm, clips.
 */
export const factorsShader = (scaled: boolean) =>
  shaderOf({
    reads: { rate: 'f32', step: 'f32', norm: 'f32', ...(scaled ? ({ lossScale: 'f32' } as const) : {}) },
    writes: { factors: 'f32' },
    code: `${correction}${perThread(
      '1u',
      `  let clip = select(1.0f, min(1.0f, parameters.maxNorm / (norm[0] + 1.0e-6f)), parameters.clips != 0u);
  factors[0] = rate[0];
  factors[1] = clip${scaled ? ' / lossScale[0]' : ''};
  factors[2] = 1.0f / oneMinusExp(step[0] * parameters.logBeta1);
  factors[3] = 1.0f / oneMinusExp(step[0] * parameters.logBeta2);
  factors[4] = ${scaled ? 'select(1.0f, 0.0f, (bitcast<u32>(norm[0]) & 0x7f800000u) == 0x7f800000u)' : '1.0f'};`,
    )}`,
  });

/**
 * Parameters and moments in place. Parameters: chunks, tensorCount, beta1, beta2, rest1 and rest2 (1 - beta), epsilon, tensors, whose rows are two
 * vectors: what all tables have, then the first quad, weight decay, rate and ceiling.
 */
export const updateShader = (chunk: number) =>
  shaderOf({
    reads: { factors: 'f32', ...boundGradients },
    writes: { weights: 'vec4<f32>', firstMoments: 'vec4<f32>', secondMoments: 'vec4<f32>' },
    code: `${groupThreads}
fn update(at: u32, left: u32, slope: vec4<f32>, scale: vec2<f32>, keep: f32, own: f32, ceiling: f32) {
  let first = firstMoments[at] * parameters.beta1 + slope * parameters.rest1;
  let second = secondMoments[at] * parameters.beta2 + slope * slope * parameters.rest2;
  let next = min(weights[at] * keep - own * (first * scale.x / (sqrt(second * scale.y) + parameters.epsilon)), vec4<f32>(ceiling));
  if (left >= 4u) {
    weights[at] = next; firstMoments[at] = first; secondMoments[at] = second;
  } else {
    let inside = vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(left);
    weights[at] = select(weights[at], next, inside);
    firstMoments[at] = select(firstMoments[at], first, inside);
    secondMoments[at] = select(secondMoments[at], second, inside);
  }
}${perGroup(
      'parameters.chunks',
      `  if (factors[4] == 0.0f) { return; }
${findChunk(2, chunk)}
  let more = parameters.tensors[at + 1u];
  let own = factors[0] * bitcast<f32>(more.z); let keep = 1.0f - own * bitcast<f32>(more.y); let ceiling = bitcast<f32>(more.w);
  let slope = factors[1]; let scale = vec2<f32>(factors[2], factors[3]);
${eachQuad((quad) => `update(more.x + j, row.y - 4u * j, ${quad} * slope, scale, keep, own, ceiling);`)}`,
    )}`,
  });
