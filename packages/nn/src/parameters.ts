// Parameters as plain data: shapes, start values and whether weight decay applies, under the names checkpoints use.
import type { HostArray, TensorSpec } from '@hybridmed/tensor';
import { mix32, sizeOf, uniformAt } from '@hybridmed/tensor';

/** How a parameter starts. `normal` is truncated at +-2 absolute, as timm's and torch's trunc_normal_ are; `fanIn` is uniform in +-1/sqrt(fan in), torch's default for convolutions. */
export type Initializer =
  | { readonly kind: 'constant'; readonly value: number }
  /** These values, row-major. */
  | { readonly kind: 'values'; readonly values: readonly number[] }
  | { readonly kind: 'normal'; readonly std: number }
  | { readonly kind: 'fanIn' }
  /** Normal with std sqrt(2 / (out channels * kernel area / groups)) [He et al. 2015], for convolutions before ReLU. */
  | { readonly kind: 'heFanOut'; readonly groups?: number };

/** One named array of a module. */
export interface ParameterSpec {
  readonly shape: readonly number[];
  readonly init: Initializer;
  /** Whether AdamW's weight decay applies; by default to arrays of two axes or more. */
  readonly decay?: boolean;
  /** True for running statistics: saved and loaded, never trained by gradient. */
  readonly buffer?: boolean;
  /** True for a weight (outputs, inputs) of a linear layer, which LoRA can adapt. */
  readonly linear?: boolean;
  /** True for what training leaves as it is though it could be trained. */
  readonly frozen?: boolean;
  /** Factor on the learning rate; 1 by default. */
  readonly rate?: number;
}

/** Named arrays of a module. */
export type ParameterSpecs = Readonly<Record<string, ParameterSpec>>;

/** Anything with a shape, by name: specs of parameters, or arrays. */
export type NamedShapes = Readonly<Record<string, { readonly shape: TensorSpec['shape'] }>>;

/** What a graph reads of the state for parameters of these shapes, all f32, their names under a prefix. */
export const parameterSpecs = (shapes: NamedShapes, prefix = ''): Record<string, TensorSpec> =>
  Object.fromEntries(Object.entries(shapes).map(([name, { shape }]) => [prefix + name, { shape, dtype: 'f32' }]));

/** Specs of parts under the names they have in the whole: `{ 'attn.qkv': specs }` gives `attn.qkv.weight`, ... */
export function collect(parts: Readonly<Record<string, { readonly parameters: ParameterSpecs }>>, own: ParameterSpecs = {}): ParameterSpecs {
  const all: Record<string, ParameterSpec> = { ...own };
  for (const [name, part] of Object.entries(parts))
    for (const [inner, spec] of Object.entries(part.parameters)) all[name === '' ? inner : `${name}.${inner}`] = spec;
  return all;
}

/** Start values for every spec: a pure function of the seed and each parameter's name. */
export function initialize(specs: ParameterSpecs, seed: number): Record<string, HostArray> {
  return Object.fromEntries(Object.entries(specs).map(([name, spec]) => [name, { data: fill(spec, hashName(name, seed)), shape: spec.shape }]));
}

function hashName(name: string, seed: number): readonly [number, number] {
  let hash = mix32(seed + 0x3c6ef372);
  for (const char of name) hash = mix32(hash ^ char.codePointAt(0)!);
  return [hash, mix32(hash ^ seed)];
}

function fill({ shape, init }: ParameterSpec, key: readonly [number, number]): Float32Array {
  const data = new Float32Array(sizeOf(shape));
  const area = sizeOf(shape.slice(2));
  switch (init.kind) {
    case 'constant':
      return data.fill(init.value);
    case 'values':
      return Float32Array.from(init.values);
    case 'fanIn': {
      const bound = 1 / Math.sqrt((shape[1] ?? 1) * area);
      return data.map((_, i) => (2 * uniformAt(key, 0, i) - 1) * bound);
    }
    case 'normal':
      return data.map((_, i) => truncatedNormal(key, i) * init.std);
    case 'heFanOut':
      return data.map((_, i) => truncatedNormal(key, i) * Math.sqrt((2 * (init.groups ?? 1)) / ((shape[0] ?? 1) * area)));
  }
}

/** Box-Muller on counter-based uniforms. */
function truncatedNormal(key: readonly [number, number], index: number): number {
  const radius = Math.sqrt(-2 * Math.log(1 - uniformAt(key, 1, index)));
  return radius * Math.cos(2 * Math.PI * uniformAt(key, 2, index));
}
