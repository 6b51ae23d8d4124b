// Shaders of the scatter-add: zeros, chains of equal ids, sums along the chains.
import type { ElementType } from '../kernel.ts';
import { declare, groupReductions, perGroup, perThread, u } from '../shader.ts';

/** Fills the table with zeros, a quad at a time where it has whole ones. */
export const zeroShader = (type: ElementType | `vec4<${ElementType}>`, parameterCount: number): string =>
  `${declare([{ name: 'y', type, write: true }], parameterCount)}${perThread(u(0), `  y[i] = ${type}(0);`)}`;

/**
 * For each position, one workgroup: the next position with the same id (0 for none), plus 2^30 where an earlier one exists.
 * Positions are below 2^24, so that a maximum over f32 finds the nearest exactly.
 */
export const linkShader = (parameterCount: number): string => `${declare(
  [
    { name: 'ids', type: 'i32' },
    { name: 'chain', type: 'i32', write: true },
  ],
  parameterCount,
)}${groupReductions}
fn clamped(id: i32) -> i32 { return clamp(id, 0, i32(${u(1)}) - 1); }
${perGroup(
  u(0),
  `  let own = clamped(ids[i]);
  var earlier = 0.0f;
  var nearest = -16777216.0f;
  for (var j = lane; j < ${u(0)}; j += groupThreads) {
    if (j != i && clamped(ids[j]) == own) {
      if (j < i) { earlier = 1.0f; } else { nearest = max(nearest, -f32(j)); }
    }
  }
  let before = groupMax(earlier, lane);
  let next = groupMax(nearest, lane);
  if (lane == 0u) { chain[i] = select(0, i32(-next), next > -16777216.0f) + select(0, 1073741824, before > 0.0f); }`,
)}`;

/** One thread per element of a row that begins a chain: sums along it. */
export const addShader = (type: ElementType, parameterCount: number): string =>
  `${declare(
    [
      { name: 'x', type },
      { name: 'ids', type: 'i32' },
      { name: 'chain', type: 'i32' },
      { name: 'y', type, write: true },
    ],
    parameterCount,
  )}${perThread(
    u(0),
    `  let first = i / ${u(1)};
  let column = i % ${u(1)};
  if (chain[first] >= 1073741824) { return; }
  var total = x[i];
  var at = chain[first];
  while (at != 0) {
    total += x[u32(at) * ${u(1)} + column];
    at = chain[at] & 1073741823;
  }
  y[u32(clamp(ids[first], 0, i32(${u(2)}) - 1)) * ${u(1)} + column] = total;`,
  )}`;
