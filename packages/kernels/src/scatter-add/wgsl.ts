// Shaders of the scatter-add: zeros, chains of equal ids, sums along the chains.
import type { ElementType } from '../kernel.ts';
import { declare, longItems, perThread, u } from '../shader.ts';

/** Zeros of one workgroup: starting a workgroup costs more than a few of them. */
export const zerosOfGroup = 2048;

/** Fills the table with zeros, a quad at a time where it has whole ones. */
export const zeroShader = (type: ElementType | `vec4<${ElementType}>`, parameterCount: number): string =>
  `${declare([{ name: 'y', type, write: true }], parameterCount)}${perThread(u(0), `  y[i] = ${type}(0);`, zerosOfGroup)}`;

const clamped = (id: string, rows: string): string => `clamp(${id}, 0, i32(${rows}) - 1)`;

/** For each position: the next one with the same id (0 for none), plus 2^30 where an earlier one exists. */
export const linkShader = (parameterCount: number): string =>
  `${declare(
    [
      { name: 'ids', type: 'i32' },
      { name: 'chain', type: 'i32', write: true },
    ],
    parameterCount,
  )}${perThread(
    u(0),
    `  let own = ${clamped('ids[i]', u(1))};
  var earlier = 0u;
  while (earlier < i && ${clamped('ids[earlier]', u(1))} != own) { earlier++; }
  var next = i + 1u;
  while (next < ${u(0)} && ${clamped('ids[next]', u(1))} != own) { next++; }
  chain[i] = select(0, i32(next), next < ${u(0)}) + select(0, 1073741824, earlier < i);`,
    longItems,
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
