// Many tensors in few dispatches: tensors that lie in few arrays share a dispatch, which finds each one's elements by a table.
import { pack, u } from '../shader.ts';
import type { Part } from './problem.ts';

/** Arrays with tensors that one dispatch reads: with what it writes, as many as any adapter binds. */
export const boundSources = 4;
/** Tensors that one dispatch's table holds: 8 KiB of the 16 that every uniform buffer may have. The text of a shader has this number, and so serves any. */
const tableRows = 256;

/** Tensors of one dispatch, and the arrays that it binds. */
export interface Group<T extends Part> {
  readonly tensors: readonly T[];
  /** As many as are bound: where tensors lie in fewer, the first again. */
  readonly sources: readonly number[];
}

/** Tensors in order, cut where a dispatch has no more room, and where `apart` tells two neighbours apart. Those without elements are in none. */
export function groupsOf<T extends Part>(tensors: readonly T[], apart: (a: T, b: T) => boolean = () => false): Group<T>[] {
  const groups: { tensors: T[]; sources: number[] }[] = [];
  for (const tensor of tensors) {
    if (tensor.length === 0) continue;
    const open = groups.at(-1);
    const known = open?.sources.includes(tensor.source) ?? false;
    if (!open || open.tensors.length === tableRows || apart(open.tensors[0]!, tensor) || (!known && open.sources.length === boundSources))
      groups.push({ tensors: [tensor], sources: [tensor.source] });
    else {
      open.tensors.push(tensor);
      if (!known) open.sources.push(tensor.source);
    }
  }
  return groups.map(({ tensors: own, sources }) => ({
    tensors: own,
    sources: Array.from({ length: boundSources }, (_, i) => sources[i] ?? sources[0]!),
  }));
}

/** Groups of elements that one workgroup takes. */
export const chunksOf = (length: number, chunk: number): number => Math.ceil(length / chunk);

/**
 * Parameters of a group's dispatch: its chunks, its tensors, then `head` up to a multiple of four; then for each tensor its first chunk,
 * its length, its place among the group's arrays, its first quad there, and what `more` adds, four numbers or none.
 */
export function tableOf<T extends Part>(
  { tensors, sources }: Group<T>,
  chunk: number,
  head: readonly number[],
  more: (tensor: T) => readonly number[] = () => [],
): { readonly parameters: Uint32Array; readonly chunks: number } {
  let chunks = 0;
  const rows = tensors.map((tensor) => {
    const { length, source, from } = tensor;
    const row = [chunks, length, sources.indexOf(source), from / 4, ...more(tensor)];
    chunks += chunksOf(length, chunk);
    return row;
  });
  const first = [chunks, tensors.length, ...head];
  const start = Math.ceil(first.length / 4) * 4;
  const parameters = new Uint32Array(start + tableRows * rows[0]!.length);
  parameters.set(pack(first));
  parameters.set(pack(rows.flat()), start);
  return { parameters, chunks };
}

/** Lines that find chunk `i` in a table whose rows are `wide` vectors from vector `start` on: `row`, the tensor's first vector, and the quads `begin` to `end` of it. */
export const findChunk = (start: number, wide: 1 | 2, chunk: number): string => `  var low = 0u; var high = ${u(1)};
  while (high - low > 1u) {
    let middle = (low + high) / 2u;
    if (parameters[${start}u + ${wide}u * middle].x <= i) { low = middle; } else { high = middle; }
  }
  let at = ${start}u + ${wide}u * low; let row = parameters[at];
  let begin = (i - row.x) * ${chunk / 4}u; let end = min((row.y + 3u) / 4u, begin + ${chunk / 4}u);`;

/** Lines for each quad `j` of the chunk: `body` sees it as `g`, an expression for its elements in the array that the table names. */
export const eachQuad = (body: (g: string) => string): string => `  switch row.z {
${Array.from(
  { length: boundSources },
  (_, k) =>
    `    ${k === boundSources - 1 ? 'default' : `case ${k}u`}: { for (var j = begin + lane; j < end; j += groupThreads) { ${body(`g${k}[row.w + j]`)} } }`,
).join('\n')}
  }`;
