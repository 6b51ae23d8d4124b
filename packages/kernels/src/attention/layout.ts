// How attention's shaders cut a row's vector, and where threads find the rows that they all need: straight from memory, as
// broadcasts within a subgroup, or staged in workgroup memory.
import type { Binding } from '../shader.ts';
import type { Capabilities } from '../kernel.ts';
import type { AttentionProblem, AttentionRows } from './problem.ts';
/** What the shaders' text depends on. */
export type Shape = Pick<AttentionProblem, 'headSize' | 'causal' | 'masked' | 'half'>;

/** How threads share the rows they walk: `broadcast` within subgroups of `size`, `staged` in workgroup memory, or not at all. */
export type Sharing =
  | { readonly kind: 'none' }
  | { readonly kind: 'broadcast'; readonly size: number }
  | { readonly kind: 'staged'; readonly rows: number; readonly threads: number };

/** Rows walked in one step of a loop. */
export const stride = 1;

/** Threads of a workgroup: each has a row of its own. */
export const threadsOf = (sharing: Sharing): number => (sharing.kind === 'staged' ? sharing.threads : 16);

/** A sharing by the name that a table of measured choices knows it by. */
export interface NamedSharing {
  readonly name: string;
  readonly sharing: Sharing;
}

/** Every way to share rows that is worth trying on an adapter, the one that is taken where none was measured first. Staged rows of two arrays lie in 16 KiB. */
export function sharingsFor({ headSize }: Shape, { software, subgroupSize }: Capabilities): readonly [NamedSharing, ...NamedSharing[]] {
  const none: NamedSharing = { name: 'none', sharing: { kind: 'none' } };
  // A processor takes seconds to compile one of these long shaders: there is nothing to be won by trying another.
  if (software) return [4, 8, 16].includes(subgroupSize) ? [{ name: `broadcast ${subgroupSize}`, sharing: { kind: 'broadcast', size: subgroupSize } }] : [none];
  const rows = Math.min(16, Math.floor(16384 / (2 * 4 * headSize) / stride) * stride);
  const staged = (threads: number): NamedSharing => ({ name: `staged ${rows}, ${threads} threads`, sharing: { kind: 'staged', rows, threads } });
  return rows > 0 ? [staged(32), none, staged(64)] : [none];
}

/** How a row's vector is cut: `count` parts of `width` elements. */
export function cut({ headSize }: Shape): { readonly count: number; readonly width: 1 | 4; readonly type: 'f32' | 'vec4<f32>' } {
  return headSize % 4 === 0 ? { count: headSize / 4, width: 4, type: 'vec4<f32>' } : { count: headSize, width: 1, type: 'f32' };
}

/** How an array of rows is stored. */
export const storageOf = ({ half = [] }: Pick<Shape, 'half'>, name: AttentionRows): 'f16' | 'f32' => (half.includes(name) ? 'f16' : 'f32');

/** The type of an array's parts. */
const partType = (shape: Shape, name: AttentionRows): 'f16' | 'f32' | 'vec4<f16>' | 'vec4<f32>' =>
  cut(shape).width === 4 ? `vec4<${storageOf(shape, name)}>` : storageOf(shape, name);

/** A part of an array as what shaders compute with. */
export const read = (shape: Shape, name: AttentionRows, at: string): string =>
  storageOf(shape, name) === 'f16' ? `${cut(shape).type}(${name}[${at}])` : `${name}[${at}]`;

/** Bindings of arrays of rows. */
export const rowBindings = (shape: Shape, names: readonly AttentionRows[], write = false): Binding[] =>
  names.map((name) => ({ name: bindingName(name), type: partType(shape, name), write }));

/** An array's name in a shader: gradients of keys and values are registers' names too. */
const bindingName = (name: AttentionRows): string => (name === 'dk' || name === 'dv' ? `${name}_out` : name);

/** Bindings of arrays of numbers. */
export const scalarBindings = (names: readonly string[], write = false): Binding[] => names.map((name) => ({ name, type: 'f32', write }));

/** A value as an array's element. */
export const stored = (shape: Shape, name: AttentionRows, value: string): string =>
  storageOf(shape, name) === 'f16' ? `${partType(shape, name)}(${value})` : value;

/** Text on a row's parts. */
export function vectors(shape: Shape) {
  const { count, width, type } = cut(shape);
  const each = (line: (e: number) => string): string => Array.from({ length: count }, (_, e) => line(e)).join(' ');
  return {
    /** Registers loaded from an array. */
    load: (name: string, array: AttentionRows, at: string, factor = ''): string =>
      each((e) => `let ${name}${e} = ${read(shape, array, `${at} + ${e}u`)}${factor};`),
    clear: (name: string): string => each((e) => `var ${name}${e} = ${type}(0.0f);`),
    store: (name: string, array: AttentionRows, at: string, divisor = ''): string =>
      each((e) => `${bindingName(array)}[${at} + ${e}u] = ${stored(shape, array, `${name}${e}${divisor}`)};`),
    scale: (name: string, factor: string): string => each((e) => `${name}${e} *= ${factor};`),
    /** `sum`: products of registers with a row, whose parts `part` names. */
    dot: (sum: string, name: string, part: (e: number) => string): string =>
      `var ${sum}Parts = ${type}(0.0f); ${each((e) => `${sum}Parts = fma(${name}${e}, ${part(e)}, ${sum}Parts);`)} let ${sum} = ${
        width === 4 ? `((${sum}Parts.x + ${sum}Parts.y) + (${sum}Parts.z + ${sum}Parts.w))` : `${sum}Parts`
      };`,
    /** Adds rows, each times a factor, to registers. */
    add: (name: string, terms: readonly { readonly factor: string; readonly part: (e: number) => string }[]): string =>
      each((e) => `${name}${e} = ${terms.reduce((sum, { factor, part }) => `fma(${type}(${factor}), ${part(e)}, ${sum})`, `${name}${e}`)};`),
  };
}

/** A loop over rows that all threads of a workgroup walk together. */
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

const rowsOfStep = Array.from({ length: stride }, (_, r) => r);

/** The loop's text, and declarations it needs at the top level. */
export function walk(shape: Shape, sharing: Sharing, { arrays, first, last, at, body }: Walk): { readonly declarations: string; readonly loop: string } {
  const { count, type } = cut(shape);
  const clamped = rowsOfStep.map((r) => `let r${r} = step + ${r}u; let at${r} = ${at(`min(r${r}, ${last} - 1u)`)};`).join(' ');
  if (sharing.kind === 'none')
    return {
      declarations: '',
      loop: `  for (var step = ${first}; step < ${last}; step += ${stride}u) {
    ${clamped}
    ${body((array, row, e) => read(shape, array, `at${row} + ${e}u`))}
  }`,
    };
  if (sharing.kind === 'broadcast') {
    const { size } = sharing;
    const loads = arrays.flatMap((array) =>
      rowsOfStep.flatMap((r) =>
        Array.from(
          { length: Math.ceil(count / size) },
          (_, l) =>
            `let ${array}${r}_${l} = ${read(shape, array, `at${r} + ${count % size === 0 ? `sublane + ${l * size}u` : `min(sublane + ${l * size}u, ${count - 1}u)`}`)};`,
        ),
      ),
    );
    const parts = arrays.flatMap((array) =>
      rowsOfStep.map((r) =>
        Array.from({ length: count }, (_, e) => `let ${array}${r}at${e} = subgroupBroadcast(${array}${r}_${Math.floor(e / size)}, ${e % size}u);`).join(' '),
      ),
    );
    return {
      declarations: '',
      loop: `  for (var step = ${first}; step < ${last}; step += ${stride}u) {
    ${clamped}
    ${loads.join(' ')}
    ${parts.join('\n    ')}
    ${body((array, row, e) => `${array}${row}at${e}`)}
  }`,
    };
  }
  const { rows } = sharing;
  const threads = threadsOf(sharing);
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
