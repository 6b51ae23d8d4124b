// The parameters of losses that have their own, as plain numbers: what leaves a checkpoint with its graphs.
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import type { LossParameter } from './manifest.ts';

/** Values by name; undefined for a model without such losses. */
export function lossParametersOf({ config: { model: sizes }, parameters }: Omit<Checkpoint, 'tokenizer'>): Record<string, LossParameter> | undefined {
  if (!sizes.losses) return undefined;
  const own = Object.entries(parameters).filter(([name]) => sizes.losses?.some((key) => name.startsWith(`${key}.`)));
  return Object.fromEntries(own.map(([name, { data, shape }]) => [name, { shape, values: Array.from(data) }]));
}
