// Parts of the training labels, and the guard that lets a test split be read once.
import { HybridmedError, mix32 } from '@hybridmed/tensor';

function hash(id: string, seed: number): readonly [number, number] {
  let [a, b] = [mix32(seed + 0x1f83d9ab), mix32(seed ^ 0x5be0cd19)];
  for (const char of id) {
    a = mix32(a ^ char.codePointAt(0)!);
    b = mix32(b + char.codePointAt(0)! + 0x9e3779b9);
  }
  return [mix32(a + b), mix32(a ^ b)];
}

/**
 * Nested subsets of studies by fraction, such as 0.01, 0.1 and 1: studies stand in an order that seed and id alone decide, and a fraction
 * takes the first ones (rounded up), so that each subset lies inside every larger one. Throws for fractions outside (0, 1], or ids used
 * twice.
 */
export function nestedSubsets(ids: readonly string[], fractions: readonly number[], seed: number): string[][] {
  const bad = fractions.find((fraction) => !(fraction > 0 && fraction <= 1));
  if (bad !== undefined) throw new HybridmedError(`nestedSubsets: fraction ${bad}; give fractions above 0 and up to 1, such as 0.01`);
  if (new Set(ids).size !== ids.length) throw new HybridmedError('nestedSubsets: an id is used twice; give every study an id of its own');
  const order = ids
    .map((id) => ({ id, key: hash(id, seed) }))
    .toSorted((x, y) => x.key[0] - y.key[0] || x.key[1] - y.key[1] || (x.id < y.id ? -1 : 1))
    .map(({ id }) => id);
  return fractions.map((fraction) => order.slice(0, Math.ceil(fraction * ids.length - 1e-9)));
}

/** A function that gives what `read` gives, once; a second call throws: what was chosen before cannot be chosen again by looking twice. */
export function readOnce<T>(name: string, read: () => T): () => T {
  let done = false;
  return () => {
    if (done) throw new HybridmedError(`${name}: has been read before; choose everything on the validation split, then read it once`);
    done = true;
    return read();
  };
}
