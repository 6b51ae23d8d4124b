// A published convolutional network's tensors under their own names: where it lies, its shapes, and recipes that take each as it is.
import type { ParameterSpecs } from '@hybridmed/nn';
import type { ConfigFields, Recipe } from '@hybridmed/nn/weights';
import { WeightsError } from '@hybridmed/nn/weights';
import type { PublishedTensors } from '../encoder-row.ts';

/** Prefixes of the names that end in `anchor` where a name after the same prefix is like `mark`. */
export function prefixesOf(names: readonly string[], anchor: string, mark: RegExp): string[] {
  const marked = (prefix: string): boolean => names.some((name) => name.startsWith(prefix) && mark.test(name.slice(prefix.length)));
  return names.flatMap((name) => {
    const prefix = name.slice(0, name.length - anchor.length);
    return name === prefix + anchor && (prefix === '' || prefix.endsWith('.')) && marked(prefix) ? [prefix] : [];
  });
}

/** Shapes without the prefix. */
export interface Tensors {
  has(name: string): boolean;
  /** Throws a WeightsError where there is none. */
  shapeOf(name: string): readonly number[];
  /** Throws a WeightsError that names the checkpoint. */
  fail(problem: string): never;
}

/** The tensors under a checkpoint's prefix. */
export function tensorsOf({ shapes, prefix, label }: PublishedTensors): Tensors {
  const fail = (problem: string): never => {
    throw new WeightsError(`${label}: ${problem}`);
  };
  return {
    has: (name) => Object.hasOwn(shapes, prefix + name),
    shapeOf: (name) => shapes[prefix + name] ?? fail(`has no tensor "${prefix}${name}"; the checkpoint is cut short or of another architecture`),
    fail,
  };
}

/**
 * A recipe for each parameter that the checkpoint holds, as it lies. Tensors beside them, other than `unused` ones and counters of batch norms,
 * are of a network that computes something else: a WeightsError names the first.
 */
export function recipesOf({ shapes, prefix, label }: PublishedTensors, specs: ParameterSpecs, unused: RegExp): Record<string, Recipe> {
  const roots = new Set(Object.keys(specs).map((name) => name.slice(0, name.indexOf('.'))));
  for (const full of Object.keys(shapes)) {
    const name = full.slice(prefix.length);
    if (!full.startsWith(prefix) || Object.hasOwn(specs, name) || unused.test(name) || name.endsWith('num_batches_tracked')) continue;
    if (roots.has(name.split('.')[0]!))
      throw new WeightsError(`${label}: tensor "${full}" is of no network that this loads; what it computes is not what ours would`);
  }
  return Object.fromEntries(Object.keys(specs).flatMap((name) => (Object.hasOwn(shapes, prefix + name) ? [[name, { from: [prefix + name] }]] : [])));
}

/** The side of the images that a config states; undefined where it states none. Throws a WeightsError for images that are not square. */
export function imageSizeOf(fields: ConfigFields): number | undefined {
  const level = [fields.inner('pretrained_cfg'), fields].find((each) => each.has('input_size'));
  if (!level) return undefined;
  const [, height, width] = level.numbers('input_size');
  if (height === undefined || height !== width || !Number.isSafeInteger(height) || height < 1)
    return level.refuse('input_size', 'is not channels, height and an equal width; this loads encoders of square images');
  return height;
}
