// Shaders of the cross-entropy.
import { declare, groupReductions, lowest, perGroup, perThread, u } from '../shader.ts';

const read = (name: string) => ({ name, type: 'f32' as const });
const write = (name: string) => ({ name, type: 'f32' as const, write: true });
const target = { name: 'target_id', type: 'i32' as const };

/** logits, target -> loss, log-sum-exp. */
export const forwardShader = (parameterCount: number): string =>
  `${declare([read('x'), target, write('loss'), write('lse')], parameterCount)}${groupReductions}${perGroup(
    u(0),
    `  let start = i * ${u(1)};
  var most = ${lowest};
  for (var j = lane; j < ${u(1)}; j += groupThreads) { most = max(most, x[start + j]); }
  let greatest = groupMax(most, lane);
  var sum = 0.0f;
  for (var j = lane; j < ${u(1)}; j += groupThreads) { sum += exp(x[start + j] - greatest); }
  let total = log(groupSum(sum, lane));
  if (lane == 0u) {
    let id = target_id[i];
    let inside = id >= 0 && id < i32(${u(1)});
    lse[i] = greatest + total;
    loss[i] = select(0.0f, (greatest - x[start + u32(clamp(id, 0, i32(${u(1)}) - 1))]) + total, inside);
  }`,
  )}`;

/** logits, target, log-sum-exp, dloss -> dlogits. */
export const gradientShader = (parameterCount: number): string =>
  `${declare([read('x'), target, read('lse'), read('slope'), write('dx')], parameterCount)}${perThread(
    u(2),
    `  let row = i / ${u(1)};
  let hot = select(0.0f, 1.0f, i32(i % ${u(1)}) == target_id[row]);
  dx[i] = (exp(x[i] - lse[row]) - hot) * slope[row];`,
  )}`;
