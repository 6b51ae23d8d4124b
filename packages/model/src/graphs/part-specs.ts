// Specs of what a graph reads of the state beside all parameters: those of some parts, and the optimizer's moments.
import type { NamedShapes } from '@hybridmed/nn';
import { momentNames, parameterSpecs } from '@hybridmed/nn';
import type { TensorSpec } from '@hybridmed/tensor';

/** Specs of the parameters whose names begin with one of these prefixes. */
export const partSpecs = ({ parameters }: { readonly parameters: NamedShapes }, prefixes: readonly string[]): Record<string, TensorSpec> =>
  parameterSpecs(Object.fromEntries(Object.entries(parameters).filter(([name]) => prefixes.some((prefix) => name.startsWith(prefix)))));

/** Specs of the moments that AdamW keeps of these parameters. */
export const momentSpecs = (parameters: NamedShapes, names: readonly string[]): Record<string, TensorSpec> =>
  parameterSpecs(Object.fromEntries(names.flatMap((name) => momentNames(name).map((moment) => [moment, parameters[name]!] as const))));
