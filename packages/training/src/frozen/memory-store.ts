// A store in this process's memory.
import type { ByteStore } from '../contracts/byte-store.ts';

/**
 * An empty store of at most `maxBytes`. Once it is full, nothing more is kept: epochs go over the same inputs again and again, and room made
 * for one would be taken from another that is due sooner.
 */
export function memoryStore(maxBytes: number): ByteStore {
  const kept = new Map<string, Uint8Array>();
  let bytes = 0;
  return {
    place: 'in memory',
    maxBytes,
    get: (key) => Promise.resolve(kept.get(key)),
    put(key, value) {
      if (!kept.has(key) && bytes + value.byteLength <= maxBytes) {
        kept.set(key, value);
        bytes += value.byteLength;
      }
      return Promise.resolve();
    },
  };
}
