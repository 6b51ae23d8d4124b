// Shaders of the scatter-add: zeros, chains of equal ids, sums along the chains.
import type { ItemType } from '../dispatch.ts';
import { shaderOf } from '../dispatch.ts';
import { groupThreads, perGroup, perThread, range } from '../shader.ts';

/** Zeros of one workgroup: starting a workgroup costs more than a few of them. */
export const zerosOfGroup = 8192;

/** Zeros that a thread writes before it looks again at whether there are more. */
const unrolled = 4;

/** Fills the table with zeros, a quad at a time where it has whole ones. Parameters: items, groups of them. */
export function zeroShader(item: ItemType) {
  const store = (at: string): string => `y[${at}] = ${item}(0);`;
  return shaderOf({
    reads: {},
    writes: { y: item },
    code: `${groupThreads}${perGroup(
      'parameters.groups',
      `  let end = min(parameters.items, (i + 1u) * ${zerosOfGroup}u);
  var j = i * ${zerosOfGroup}u + lane;
  for (; j + ${unrolled - 1}u * groupThreads < end; j += ${unrolled}u * groupThreads) {
${range(unrolled)
  .map((k) => `    ${store(k === 0 ? 'j' : `j + ${k}u * groupThreads`)}`)
  .join('\n')}
  }
  for (; j < end; j += groupThreads) { ${store('j')} }`,
    )}`,
  });
}

const clamped = (id: string): string => `clamp(${id}, 0, i32(parameters.rows) - 1)`;

/** Ids whose chains one workgroup finds: a multiple of all numbers of threads. */
export const idsOfGroup = 64;

/**
 * For each position: the next one with the same id (0 for none), plus 2^30 where an earlier one exists. All threads look at the same id at
 * a time, which is then loaded once for all of them. Parameters: count of ids, rows, groups of ids.
 */
export const linkShader = () =>
  shaderOf({
    reads: { ids: 'i32' },
    writes: { chain: 'i32' },
    code: `${groupThreads}${perGroup(
      'parameters.groups',
      `  for (var begin = i * ${idsOfGroup}u; begin < (i + 1u) * ${idsOfGroup}u; begin += groupThreads) {
    let at = begin + lane;
    let own = ${clamped('ids[min(at, parameters.count - 1u)]')};
    var earlier = false;
    var next = parameters.count;
    for (var j = 0u; j < parameters.count; j++) {
      let same = ${clamped('ids[j]')} == own;
      earlier = earlier || (same && j < at);
      next = select(next, min(next, j), same && j > at);
    }
    if (at < parameters.count) { chain[at] = select(0, i32(next), next < parameters.count) + select(0, 1073741824, earlier); }
  }`,
    )}`,
  });

/** One thread per element, or quad, of a row that begins a chain: sums along it. Parameters: items, rowItems, rows. */
export const addShader = (item: ItemType) =>
  shaderOf({
    reads: { updates: item, ids: 'i32', chain: 'i32' },
    writes: { y: item },
    code: perThread(
      'parameters.items',
      `  let first = i / parameters.rowItems;
  let column = i % parameters.rowItems;
  if (chain[first] >= 1073741824) { return; }
  var total = updates[i];
  var at = chain[first];
  while (at != 0) {
    total += updates[u32(at) * parameters.rowItems + column];
    at = chain[at] & 1073741823;
  }
  y[u32(${clamped('ids[first]')}) * parameters.rowItems + column] = total;`,
    ),
  });
