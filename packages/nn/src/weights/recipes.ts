// From the tensors of a published checkpoint to an encoder's parameters: what each is made of, the table of all of them, and the loading.
import type { HostArray } from '@hybridmed/tensor';
import { sizeOf } from '@hybridmed/tensor';
import type { ParameterSpecs } from '../parameters.ts';
import { concurrently } from '../safetensors/concurrent-reads.ts';
import type { TensorSource } from './source.ts';
import { WeightsError } from './source.ts';

/** How one parameter is made. */
export interface Recipe {
  /** Tensors of the checkpoint whose values, one after another, are the parameter's. */
  readonly from: readonly string[];
  /** Makes the parameter's values where they are not those of `from` as they lie. */
  readonly convert?: (values: Float32Array) => Float32Array;
  /** What `convert` does, for the table: "14 x 14 patches to 6 x 6". */
  readonly note?: string;
}

/** What a checkpoint is loaded by: recipes by parameter name. */
export type Recipes = Readonly<Record<string, Recipe>>;

/** One line of the table: a tensor of the checkpoint and the parameter it went into, or a parameter that found none. */
export interface WeightRow {
  readonly status: 'loaded' | 'converted' | 'left over' | 'missing';
  /** Name in the checkpoint; for a missing one, the parameter's. */
  readonly tensor: string;
  readonly shape: readonly number[];
  /** The parameter it went into. */
  readonly parameter?: string;
  readonly note?: string;
}

/** The table of every tensor: loaded, converted (joined, resampled, summed), left over or missing. Reads no values. */
export function weightTable(specs: ParameterSpecs, recipes: Recipes, { shapes }: Pick<TensorSource, 'shapes'>): WeightRow[] {
  const rows: WeightRow[] = [];
  const usedTensors = new Set<string>();
  for (const [parameter, spec] of Object.entries(specs)) {
    const recipe = recipes[parameter];
    if (!recipe) {
      rows.push({ status: 'missing', tensor: parameter, shape: spec.shape });
      continue;
    }
    for (const tensor of recipe.from) {
      usedTensors.add(tensor);
      rows.push({ status: recipe.note ? 'converted' : 'loaded', tensor, shape: shapes[tensor]!, parameter, ...(recipe.note ? { note: recipe.note } : {}) });
    }
  }
  for (const [tensor, shape] of Object.entries(shapes)) if (!usedTensors.has(tensor)) rows.push({ status: 'left over', tensor, shape });
  return rows;
}

const listed = (names: readonly string[]): string => `${names.slice(0, 4).join(', ')}${names.length > 4 ? ` and ${names.length - 4} more` : ''}`;

/**
 * Loads every parameter of an encoder, each straight into its own memory. Throws a WeightsError where one finds no tensor or one of
 * another size: an encoder that is half loaded is of no use.
 */
export async function loadWeights(specs: ParameterSpecs, recipes: Recipes, source: TensorSource): Promise<Record<string, HostArray>> {
  const missing = Object.keys(specs).filter((name) => !recipes[name]);
  if (missing.length > 0)
    throw new WeightsError(`${source.label}: has no tensor for ${listed(missing)}; the checkpoint is cut short or of another architecture`);
  return Object.fromEntries(
    await concurrently(Object.entries(specs), async ([name, { shape }]) => [name, await make(name, shape, recipes[name]!, source)] as const),
  );
}

/** Makes one parameter. */
async function make(name: string, shape: readonly number[], { from, convert }: Recipe, source: TensorSource): Promise<HostArray> {
  const lengths = from.map((tensor) => sizeOf(source.shapes[tensor]!));
  const size = lengths.reduce((a, b) => a + b, 0);
  const problem = () =>
    new WeightsError(
      `${source.label}: ${from.map((tensor) => `${tensor} [${source.shapes[tensor]!.join(', ')}]`).join(' and ')} cannot be ${name} [${shape.join(', ')}]; the checkpoint is of another size or architecture`,
    );
  if (!convert && size !== sizeOf(shape)) throw problem();
  const values = new Float32Array(size);
  let at = 0;
  for (const [i, tensor] of from.entries()) {
    await source.readInto(tensor, values.subarray(at, at + lengths[i]!));
    at += lengths[i]!;
  }
  const data = convert ? convert(values) : values;
  if (data.length !== sizeOf(shape)) throw problem();
  return { data, shape };
}
