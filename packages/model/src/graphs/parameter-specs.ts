// Specs of what a graph reads of the state: parameters, and the optimizer's moments.
import { momentNames } from '@hybridmed/nn';
import type { TensorSpec } from '@hybridmed/tensor';

/** Anything with a shape, by name: parameters' specs, or arrays. */
export type Shapes = Readonly<Record<string, { readonly shape: TensorSpec['shape'] }>>;

/** f32 specs of these shapes, their names under a prefix. */
export const floatSpecs = (shapes: Shapes, prefix = ''): Record<string, TensorSpec> =>
  Object.fromEntries(Object.entries(shapes).map(([name, { shape }]) => [prefix + name, { shape, dtype: 'f32' }]));

/** Specs of the parameters whose names begin with one of these prefixes. */
export const parameterSpecs = ({ parameters }: { readonly parameters: Shapes }, prefixes: readonly string[]): Record<string, TensorSpec> =>
  floatSpecs(Object.fromEntries(Object.entries(parameters).filter(([name]) => prefixes.some((prefix) => name.startsWith(prefix)))));

/** Specs of the moments that AdamW keeps of these parameters. */
export const momentSpecs = (parameters: Shapes, names: readonly string[]): Record<string, TensorSpec> =>
  floatSpecs(Object.fromEntries(names.flatMap((name) => momentNames(name).map((moment) => [moment, parameters[name]!] as const))));
