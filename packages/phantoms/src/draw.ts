// Random draws of one phantom study: a stream that depends on seed and study alone.
import { randomBelow } from '@hybridmed/data/browser';

/** Draws in order from one study's stream. */
export interface Draws {
  /** A number in [low, high). */
  between(low: number, high: number): number;
  /** True with a probability. */
  chance(probability: number): boolean;
  /** One of several. */
  pick<T>(items: readonly T[]): T;
}

/** The stream of study `index` for a purpose (`stream`): image, findings and wording draw independently of each other. */
export function drawsOf(seed: number, index: number, stream: number): Draws {
  let counter = 0;
  const uniform = () => randomBelow(2 ** 32, seed, index, stream, counter++) / 2 ** 32;
  return {
    between: (low, high) => low + (high - low) * uniform(),
    chance: (probability) => uniform() < probability,
    pick: (items) => items[Math.floor(uniform() * items.length)]!,
  };
}
