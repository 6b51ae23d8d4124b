// The loop over rows that all threads of a workgroup need: each reads them from memory, a subgroup broadcasts them, or they are staged in
// workgroup memory.
import { range } from '../shader.ts';
import type { Shape, Sharing } from './layout.ts';
import { cut, read, rowsOfStep, stride } from './layout.ts';
import type { AttentionRows } from './problem.ts';

/** A loop over rows that all threads of a workgroup take in step. */
export interface Walk {
  /** Arrays whose rows are read: at most two. */
  readonly arrays: readonly AttentionRows[];
  /** Uniform expressions: the first row, and the one after the last. */
  readonly first: string;
  readonly last: string;
  /** Where row `r` begins in the arrays, in parts. */
  readonly at: (r: string) => string;
  /** Lines of one step; rows `r0`, `r1`, ... of which those from `last` on repeat the last and must not count. `part` names an array's part. */
  readonly body: (part: (array: AttentionRows, row: number, e: number) => string) => string;
}

/** The loop's text, and declarations it needs at the top level. */
export interface WalkText {
  readonly declarations: string;
  readonly loop: string;
}

/** Where the rows of a step begin; behind the last row it is read again. */
const starts = ({ last, at }: Walk): string => rowsOfStep.map((r) => `let r${r} = step + ${r}u; let at${r} = ${at(`min(r${r}, ${last} - 1u)`)};`).join(' ');

function plainWalk(shape: Shape, walk: Walk): WalkText {
  const { first, last, body } = walk;
  return {
    declarations: '',
    loop: `  for (var step = ${first}; step < ${last}; step += ${stride}u) {
    ${starts(walk)}
    ${body((array, row, e) => read(shape, array, `at${row} + ${e}u`))}
  }`,
  };
}

function broadcastWalk(shape: Shape, size: number, walk: Walk): WalkText {
  const { arrays, first, last, body } = walk;
  const { count } = cut(shape);
  const own = (load: number) => (count % size === 0 ? `sublane + ${load * size}u` : `min(sublane + ${load * size}u, ${count - 1}u)`);
  const rows = arrays.flatMap((array) => rowsOfStep.map((r) => ({ array, r })));
  const loads = rows.flatMap(({ array, r }) =>
    range(Math.ceil(count / size)).map((load) => `let ${array}${r}_${load} = ${read(shape, array, `at${r} + ${own(load)}`)};`),
  );
  const parts = rows.map(({ array, r }) =>
    range(count)
      .map((e) => `let ${array}${r}at${e} = subgroupBroadcast(${array}${r}_${Math.floor(e / size)}, ${e % size}u);`)
      .join(' '),
  );
  return {
    declarations: '',
    loop: `  for (var step = ${first}; step < ${last}; step += ${stride}u) {
    ${starts(walk)}
    ${loads.join(' ')}
    ${parts.join('\n    ')}
    ${body((array, row, e) => `${array}${row}at${e}`)}
  }`,
  };
}

function stagedWalk(shape: Shape, rows: number, threads: number, { arrays, first, last, at, body }: Walk): WalkText {
  const { count, type } = cut(shape);
  return {
    declarations: arrays.map((array) => `\nvar<workgroup> staged_${array}: array<${type}, ${rows * count}>;`).join(''),
    loop: `  for (var slab = ${first}; slab < ${last}; slab += ${rows}u) {
    workgroupBarrier();
    for (var unit = lane; unit < ${rows * count}u; unit += ${threads}u) {
      let from_row = ${at(`min(slab + unit / ${count}u, ${last} - 1u)`)} + unit % ${count}u;
      ${arrays.map((array) => `staged_${array}[unit] = ${read(shape, array, 'from_row')};`).join(' ')}
    }
    workgroupBarrier();
    for (var step = slab; step < min(${last}, slab + ${rows}u); step += ${stride}u) {
      ${rowsOfStep.map((r) => `let r${r} = step + ${r}u; let at${r} = (step + ${r}u - slab) * ${count}u;`).join(' ')}
      ${body((array, row, e) => `staged_${array}[at${row} + ${e}u]`)}
    }
  }`,
  };
}

/** The loop where rows are shared as said. */
export function walkText(shape: Shape, sharing: Sharing, walk: Walk): WalkText {
  if (sharing.kind === 'none') return plainWalk(shape, walk);
  return sharing.kind === 'broadcast' ? broadcastWalk(shape, sharing.size, walk) : stagedWalk(shape, sharing.rows, sharing.threads, walk);
}
