// Where material for the tests lies that is not part of the repository.
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const shared = join(import.meta.dirname, '../../../../shared');

/** Path under shared/, and whether it is there. */
export function sharedPath(name: string): { path: string; absent: boolean } {
  const path = join(shared, name);
  return { path, absent: !existsSync(path) };
}

/** Deterministic numbers in [0, 1) for made-up inputs (a 32-bit linear congruential generator). */
export function numbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
