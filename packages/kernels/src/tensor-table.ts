// Many tensors in few dispatches: tensors that lie in few arrays share a dispatch, which finds each one's elements by a table.
import type { ItemType } from './dispatch.ts';
import { onArrays } from './dispatch.ts';
import type { Dispatch } from './kernel.ts';
import { table } from './parameters.ts';
import { range } from './shader.ts';

/** A tensor among others in one array: `length` elements from `from` on, a multiple of four. */
export interface TensorPart {
  readonly length: number;
  /** Which of the arrays. */
  readonly source: number;
  readonly from: number;
}

/** Arrays with tensors that one dispatch reads: with what it writes, as many as any adapter binds. */
const boundSources = 4;
/** Tensors that one dispatch's table holds: 8 KiB of the 16 that every uniform buffer may have. The text of a shader has this number, and so serves any. */
const tableRows = 256;

/** Tensors of one dispatch, and the arrays that it binds. */
export interface Group<T extends TensorPart> {
  readonly tensors: readonly T[];
  /** As many as are bound: where tensors lie in fewer, the first again. */
  readonly sources: readonly number[];
}

/** Tensors in order, cut where a dispatch has no more room, and where a tensor is `separate` from the first of its group. Those without elements are in none. */
export function groupsOf<T extends TensorPart>(tensors: readonly T[], separate: (first: T, next: T) => boolean = () => false): Group<T>[] {
  const groups: { tensors: T[]; sources: number[] }[] = [];
  for (const tensor of tensors) {
    if (tensor.length === 0) continue;
    const open = groups.at(-1);
    const known = open?.sources.includes(tensor.source) ?? false;
    if (!open || open.tensors.length === tableRows || separate(open.tensors[0]!, tensor) || (!known && open.sources.length === boundSources))
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
 * A group's chunks, and its table: for each tensor its first chunk, its length, its place among the group's arrays, its first quad there, and
 * what `more` adds, four numbers or none.
 */
export function tableOf<T extends TensorPart>({ tensors, sources }: Group<T>, chunk: number, more: (tensor: T) => readonly number[] = () => []) {
  let chunks = 0;
  const rows = tensors.map((tensor) => {
    const { length, source, from } = tensor;
    const row = [chunks, length, sources.indexOf(source), from / 4, ...more(tensor)];
    chunks += chunksOf(length, chunk);
    return row;
  });
  const words = new Uint32Array(tableRows * rows[0]!.length);
  words.set(rows.flat());
  return { chunks, tensors: table(words) };
}

/** The arrays of gradients as a shader binds them, whichever they are. */
export const boundGradients: Readonly<Record<string, ItemType>> = Object.fromEntries(range(boundSources).map((k) => [`bound${k}`, 'vec4<f32>']));

/** A dispatch with the arrays of a group in their place. */
export const onSources = <Name extends string>(dispatch: Dispatch<Name>, { sources }: Group<TensorPart>): Dispatch =>
  onArrays<string, Record<string, string>>(dispatch, Object.fromEntries(sources.map((source, k) => [`bound${k}`, `gradients${source}`])));

/**
 * Lines that find chunk `i` in `parameters.tensors`, whose rows are `wide` vectors: `at` and `row`, the tensor's first vector, and the quads
 * `begin` to `end` of it.
 */
export const findChunk = (wide: 1 | 2, chunk: number): string => `  var low = 0u; var high = parameters.tensorCount;
  while (high - low > 1u) {
    let middle = (low + high) / 2u;
    if (parameters.tensors[${wide}u * middle].x <= i) { low = middle; } else { high = middle; }
  }
  let at = ${wide}u * low; let row = parameters.tensors[at];
  let begin = (i - row.x) * ${chunk / 4}u; let end = min((row.y + 3u) / 4u, begin + ${chunk / 4}u);`;

/** Lines for each quad `j` of the chunk: `body` gets an expression for its elements in the array that the table names. */
export const eachQuad = (body: (quad: string) => string): string => `  switch row.z {
${range(boundSources)
  .map((k) => {
    const which = k === boundSources - 1 ? 'default' : `case ${k}u`;
    return `    ${which}: { for (var j = begin + lane; j < end; j += groupThreads) { ${body(`bound${k}[row.w + j]`)} } }`;
  })
  .join('\n')}
  }`;
