// How attention's shaders cut and store a row's vector, how threads may share the rows that they all need, and text on a row's parts.
import type { ItemType } from '../dispatch.ts';
import type { Capabilities } from '../kernel.ts';
import { range } from '../shader.ts';
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

/** Numbers of those rows. */
export const rowsOfStep = range(stride);

/** Threads of a workgroup: each has a row of its own. */
export const threadsOf = (sharing: Sharing): number => (sharing.kind === 'staged' ? sharing.threads : 16);

/** A sharing by the name that a table of measured choices knows it by. */
export interface NamedSharing {
  readonly name: string;
  readonly sharing: Sharing;
}

/** Every sharing that is worth trying on an adapter, the one that is taken where none was measured first. Staged rows of two arrays lie in 16 KiB. */
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
export const partType = (shape: Shape, name: AttentionRows): 'f16' | 'f32' | 'vec4<f16>' | 'vec4<f32>' =>
  cut(shape).width === 4 ? `vec4<${storageOf(shape, name)}>` : storageOf(shape, name);

/** A part of an array as what shaders compute with. */
export const read = (shape: Shape, name: AttentionRows, at: string): string =>
  storageOf(shape, name) === 'f16' ? `${cut(shape).type}(${name}[${at}])` : `${name}[${at}]`;

/** Arrays of rows as a shader binds them. */
export const boundRows = <Name extends AttentionRows>(shape: Shape, ...names: readonly Name[]): Readonly<Record<Name, ItemType>> =>
  Object.fromEntries(names.map((name) => [name, partType(shape, name)])) as Record<Name, ItemType>;

/** The mask as a shader binds it, where there is one. */
export const boundMask = ({ masked }: Shape): { readonly mask?: 'f32' } => (masked ? { mask: 'f32' } : {});

/** A value as an array's element. */
export const stored = (shape: Shape, name: AttentionRows, value: string): string =>
  storageOf(shape, name) === 'f16' ? `${partType(shape, name)}(${value})` : value;

/** Text on a row's parts. */
export function vectors(shape: Shape) {
  const { count, width, type } = cut(shape);
  const each = (line: (e: number) => string): string => range(count).map(line).join(' ');
  return {
    /** Registers loaded from an array. */
    load: (name: string, array: AttentionRows, at: string, factor = ''): string =>
      each((e) => `let ${name}${e} = ${read(shape, array, `${at} + ${e}u`)}${factor};`),
    clear: (name: string): string => each((e) => `var ${name}${e} = ${type}(0.0f);`),
    store: (name: string, array: AttentionRows, at: string, divisor = ''): string =>
      each((e) => `${array}[${at} + ${e}u] = ${stored(shape, array, `${name}${e}${divisor}`)};`),
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
