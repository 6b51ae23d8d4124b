// A place for features outside a run.
import type { ByteStore } from '@hybridmed/training';

/** A store like a folder's: it gives copies, and can be told to be damaged. */
export function copyingStore(): ByteStore & { readonly kept: Map<string, Uint8Array>; puts: number } {
  const kept = new Map<string, Uint8Array>();
  const store = {
    kept,
    puts: 0,
    place: 'elsewhere',
    maxBytes: 2 ** 20,
    get: (key: string) => Promise.resolve(kept.get(key)?.slice()),
    put(key: string, bytes: Uint8Array) {
      store.puts++;
      kept.set(key, bytes.slice());
      return Promise.resolve();
    },
  };
  return store;
}
