// Checkpoints made of arrays, for tests of what reads them: loading, refusals, and configs that nobody wrote.
import type { HostArray } from '@hybridmed/tensor';
import type { ParameterSpecs } from '@hybridmed/nn';
import { encodeSafetensors, openSafetensors } from '@hybridmed/nn';
import type { Recipes, TensorShapes } from '@hybridmed/nn/weights';
import { loadWeights, weightTable, WeightsError } from '@hybridmed/nn/weights';
import fc from 'fast-check';
import { expect } from 'vitest';

export type Arrays = Record<string, HostArray>;

/** Arrays under other names; those without one are left out. */
export const renamed = (arrays: Arrays, rename: (name: string) => string | undefined): Arrays =>
  Object.fromEntries(Object.entries(arrays).flatMap(([name, value]) => (rename(name) === undefined ? [] : [[rename(name)!, value]])));

/** Arrays without those whose name holds a text. */
export const without = (arrays: Arrays, text: string): Arrays => renamed(arrays, (name) => (name.includes(text) ? undefined : name));

export const shapesOf = (arrays: Arrays): TensorShapes => Object.fromEntries(Object.entries(arrays).map(([name, { shape }]) => [name, shape]));

/** What a checkpoint says of an encoder: its configuration, and how each parameter comes from the tensors. */
interface Reading<Config> {
  readonly config: Config;
  readonly recipes: Recipes;
}

/** Loads arrays as a checkpoint would be: what was read, the parameters, and the table that says where each came from. */
export async function loadCheckpoint<Config>(
  arrays: Arrays,
  read: (shapes: TensorShapes) => Reading<Config>,
  parametersOf: (config: Config) => ParameterSpecs,
) {
  const source = await openSafetensors(Buffer.concat(encodeSafetensors(arrays)));
  const reading = read(source.shapes);
  const specs = parametersOf(reading.config);
  return { ...reading, table: weightTable(specs, reading.recipes, source), loaded: await loadWeights(specs, reading.recipes, source) };
}

/** Expects work to be refused with a WeightsError. */
export async function expectRefusal(work: Promise<unknown>, message: RegExp): Promise<void> {
  const error = await work.then(
    () => undefined,
    (problem: unknown) => problem as Error,
  );
  expect(error).toBeInstanceOf(WeightsError);
  expect(error!.message).toMatch(message);
}

/** Expects an answer or a WeightsError for 10,000 configs of which a few fields are random, those of `keys` beside the sound one's. */
export function expectRobust(read: (config: unknown) => unknown, sound: object, keys: readonly string[], values: readonly (number | string)[]): void {
  const value = fc.oneof(
    fc.integer(),
    fc.double(),
    fc.string(),
    fc.boolean(),
    fc.constant(null),
    fc.array(fc.integer()),
    fc.object({ maxDepth: 1 }),
    fc.constantFrom(...values),
  );
  const change = fc.tuple(fc.constantFrom(...Object.keys(sound), ...keys), value);
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
      try {
        read(Object.fromEntries([...Object.entries(sound), ...changes]));
      } catch (error) {
        expect(error).toBeInstanceOf(WeightsError);
      }
    }),
    { numRuns: 10_000 },
  );
}
