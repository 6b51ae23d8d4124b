// Shaders of the scatter-add: zeros, chains of equal ids, sums along the chains.
import type { ElementType } from '../kernel.ts';
import { declare, groupThreads, perGroup, perThread, range, u } from '../shader.ts';

/** Zeros of one workgroup: starting a workgroup costs more than a few of them. */
export const zerosOfGroup = 8192;

/** Zeros that a thread writes between two looks at whether there are more. */
const together = 4;

/** Fills the table with zeros, a quad at a time where it has whole ones. Parameters: items, groups of them. */
export function zeroShader(type: ElementType | `vec4<${ElementType}>`, parameterCount: number): string {
  const store = (at: string): string => `y[${at}] = ${type}(0);`;
  return `${declare([{ name: 'y', type, write: true }], parameterCount)}${groupThreads}${perGroup(
    u(1),
    `  let end = min(${u(0)}, (i + 1u) * ${zerosOfGroup}u);
  var j = i * ${zerosOfGroup}u + lane;
  for (; j + ${together - 1}u * groupThreads < end; j += ${together}u * groupThreads) {
${range(together)
  .map((k) => `    ${store(k === 0 ? 'j' : `j + ${k}u * groupThreads`)}`)
  .join('\n')}
  }
  for (; j < end; j += groupThreads) { ${store('j')} }`,
  )}`;
}

const clamped = (id: string, rows: string): string => `clamp(${id}, 0, i32(${rows}) - 1)`;

/** Ids whose chains one workgroup finds: a multiple of all numbers of threads. */
export const idsOfGroup = 64;

/**
 * For each position: the next one with the same id (0 for none), plus 2^30 where an earlier one exists. All threads look at the same id at
 * a time, which is then loaded once for all of them. Parameters: ids, rows, groups of ids.
 */
export const linkShader = (parameterCount: number): string =>
  `${declare(
    [
      { name: 'ids', type: 'i32' },
      { name: 'chain', type: 'i32', write: true },
    ],
    parameterCount,
  )}${groupThreads}${perGroup(
    u(2),
    `  for (var begin = i * ${idsOfGroup}u; begin < (i + 1u) * ${idsOfGroup}u; begin += groupThreads) {
    let at = begin + lane;
    let own = ${clamped(`ids[min(at, ${u(0)} - 1u)]`, u(1))};
    var earlier = false;
    var next = ${u(0)};
    for (var j = 0u; j < ${u(0)}; j++) {
      let same = ${clamped('ids[j]', u(1))} == own;
      earlier = earlier || (same && j < at);
      next = select(next, min(next, j), same && j > at);
    }
    if (at < ${u(0)}) { chain[at] = select(0, i32(next), next < ${u(0)}) + select(0, 1073741824, earlier); }
  }`,
  )}`;

/** One thread per element, or quad, of a row that begins a chain: sums along it. */
export const addShader = (type: ElementType | `vec4<${ElementType}>`, parameterCount: number): string =>
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
  y[u32(${clamped('ids[first]', u(2))}) * ${u(1)} + column] = total;`,
  )}`;
