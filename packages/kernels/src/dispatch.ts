// A dispatch: a shader, which names the arrays it binds and the parameters it reads, with its parameters and its workgroups.
import type { Dispatch, ElementType } from './kernel.ts';
import type { Parameters, PlacedParameter } from './parameters.ts';
import { layOut, pack, structText } from './parameters.ts';

/** What one element of a bound array is. `vec4<f32>` reads an f32 array four elements at a time: its length must be a multiple of four. */
export type ItemType = ElementType | `vec${2 | 4}<${ElementType}>`;

/** Features of WGSL that a shader asks for. */
export type Extension = 'subgroups' | 'chromium_experimental_subgroup_matrix' | 'f16';

/** A shader without its declarations: the arrays it binds, by the names that they have in it, and its functions with the entry point `main`. */
export interface Shader<Read extends string = string, Write extends string = string> {
  readonly reads: { readonly [Name in Read]?: ItemType };
  readonly writes: { readonly [Name in Write]?: ItemType };
  readonly code: string;
  readonly extensions?: readonly Extension[];
  /** Diagnostics that it turns off. */
  readonly off?: readonly string[];
}

/** A shader whose names the type checker knows. */
export const shaderOf = <Read extends string, Write extends string>(shader: Shader<Read, Write>): Shader<Read, Write> => shader;

/** The names that a shader binds, of each of several. */
type BoundName<S extends Shader> = S extends Shader<infer Read, infer Write> ? Read | Write : never;

/** Features and diagnostics, then the struct of the parameters (binding 0) and the arrays (1, 2, ...). */
function declarations(label: string, placed: readonly PlacedParameter[], { reads, writes, code, extensions = [], off = [] }: Shader): string {
  const half = [...Object.values(reads), ...Object.values(writes)].some((type) => type?.includes('f16')) && !extensions.includes('f16') ? ['f16'] : [];
  const arrays = [...Object.entries(reads).map((one) => [...one, 'read']), ...Object.entries(writes).map((one) => [...one, 'read_write'])];
  return [
    ...[...extensions, ...half].map((extension) => `enable ${extension};`),
    ...off.map((rule) => `diagnostic(off, ${rule});`),
    structText(label, placed, code),
    '@group(0) @binding(0) var<uniform> parameters: Parameters;',
    ...arrays.map(([name, type, access], i) => `@group(0) @binding(${i + 1}) var<storage, ${access}> ${name}: array<${type}>;`),
  ].join('\n');
}

/** A dispatch of a shader with its parameters, on the arrays that it names. Throws an Error where the shader reads a parameter that is none of these. */
export function dispatchOf<S extends Shader>(
  label: string,
  parameters: Parameters,
  shader: S,
  workgroups: readonly [number, number, number],
): Dispatch<BoundName<S>> {
  const placed = layOut(parameters);
  return {
    label,
    code: `${declarations(label, placed, shader)}${shader.code}`,
    parameters: pack(placed),
    reads: Object.keys(shader.reads) as BoundName<S>[],
    writes: Object.keys(shader.writes) as BoundName<S>[],
    workgroups,
  };
}

/** The same dispatch where some of the shader's names stand for other arrays. */
export function onArrays<Name extends string, const Renamed extends Readonly<Partial<Record<Name, string>>>>(
  dispatch: Dispatch<Name>,
  arrays: Renamed,
): Dispatch<Exclude<Name, keyof Renamed> | Extract<Renamed[keyof Renamed], string>> {
  const named = (name: Name) => (arrays[name] ?? name) as Exclude<Name, keyof Renamed> | Extract<Renamed[keyof Renamed], string>;
  return { ...dispatch, reads: dispatch.reads.map(named), writes: dispatch.writes.map(named) };
}
