// Parameters of a dispatch by name: one list gives the struct in the WGSL text and the words in the uniform buffer.

/** A parameter that is no u32: a number of another type, or a table of rows of four u32. */
type TypedParameter = { readonly type: 'f32' | 'i32'; readonly value: number } | { readonly type: 'table'; readonly rows: Uint32Array };

/** Parameters of a dispatch by the names that they have in the shader, as `parameters.NAME`. A plain number is a u32. The text of a shader has their names and types, never their values. */
export type Parameters = Readonly<Record<string, number | TypedParameter>>;

/** A parameter of type f32. */
export const f32 = (value: number): TypedParameter => ({ type: 'f32', value });
/** A parameter of type i32. */
export const i32 = (value: number): TypedParameter => ({ type: 'i32', value });
/** A parameter of rows of four u32 each, which must come last. */
export const table = (rows: Uint32Array): TypedParameter => ({ type: 'table', rows });

/** The bits of an f32. */
export const floatBits = (value: number): number => new Uint32Array(Float32Array.of(value).buffer)[0]!;

/** Whole vectors of four u32 that hold so many. */
const inVectors = (words: number): number => Math.max(4, Math.ceil(words / 4) * 4);

/** A parameter's place in the uniform buffer, in words of four bytes; its words, and the WGSL type of the struct's member. */
export interface PlacedParameter {
  readonly name: string;
  readonly at: number;
  readonly words: ArrayLike<number>;
  readonly type: string;
}

/** Parameters in order. A table begins at a whole vector, as WGSL has it. */
export function layOut(parameters: Parameters): PlacedParameter[] {
  let next = 0;
  return Object.entries(parameters).map(([name, parameter]) => {
    const own =
      typeof parameter === 'number'
        ? { words: [parameter], type: 'u32' }
        : parameter.type === 'table'
          ? { words: parameter.rows, type: `array<vec4<u32>, ${parameter.rows.length / 4}>` }
          : { words: [parameter.type === 'f32' ? floatBits(parameter.value) : parameter.value], type: parameter.type };
    const at = own.type.startsWith('array') ? inVectors(next) : next;
    next = at + own.words.length;
    return { name, at, ...own };
  });
}

const endOf = (placed: readonly PlacedParameter[]): number => placed.reduce((end, { at, words }) => Math.max(end, at + words.length), 0);

/**
 * The struct of the parameters that a shader's code reads. The others are space behind the member before: texts that differ in nothing else are
 * one shader. Throws an Error, with the dispatch's label, for a name that is no parameter's.
 */
export function structText(label: string, placed: readonly PlacedParameter[], code: string): string {
  const names = new Set([...code.matchAll(/\bparameters\.(\w+)/g)].map(([, name]) => name!));
  for (const name of names)
    if (!placed.some((parameter) => parameter.name === name)) throw new Error(`${label}: the shader reads "${name}", which is no parameter`);
  const read = placed.filter(({ name }) => names.has(name));
  if (read[0]?.at !== 0) read.unshift({ name: 'unread', at: 0, words: [0], type: 'u32' });
  const lines = read.map(({ name, at, words, type }, i) => {
    const next = read[i + 1];
    const [end, until] = [at + words.length, next?.at ?? inVectors(endOf(placed))];
    // A table, and what binds the buffer, begin at a whole vector by themselves.
    const fits = (!next || next.type.startsWith('array') ? inVectors(end) : end) === until;
    return `  ${fits ? '' : `@size(${4 * (until - at)}) `}${name}: ${type},`;
  });
  return ['struct Parameters {', ...lines, '}'].join('\n');
}

/** Parameters as the uniform buffer holds them. */
export function pack(placed: readonly PlacedParameter[]): Uint32Array {
  const packed = new Uint32Array(inVectors(endOf(placed)));
  for (const { at, words } of placed) packed.set(words, at);
  return packed;
}
