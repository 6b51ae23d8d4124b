// Tables of choices in a browser: one entry for each adapter and version, in IndexedDB.
import type { TuningStore } from './table.ts';
import { keyOf } from './table.ts';

const [database, entries] = ['hybridmed', 'tuning'] as const;

const completed = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.addEventListener('success', () => resolve(request.result));
    request.addEventListener('error', () => reject(request.error ?? new Error('IndexedDB refuses')));
  });

/** Runs one request on the entries; throws an Error where the browser gives none, as in some private windows. */
async function on<T>(mode: IDBTransactionMode, ask: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  if (typeof indexedDB === 'undefined') throw new Error('cannot be had: this browser gives no IndexedDB');
  const opening = indexedDB.open(database, 1);
  opening.addEventListener('upgradeneeded', () => opening.result.createObjectStore(entries));
  const opened = await completed(opening);
  try {
    return await completed(ask(opened.transaction(entries, mode).objectStore(entries)));
  } finally {
    opened.close();
  }
}

/** The browser's tables. */
export const indexedDbStore: TuningStore = {
  load: (identity) => on<unknown>('readonly', (store) => store.get(keyOf(identity))),
  save: async (table) => void (await on('readwrite', (store) => store.put(table, keyOf(table)))),
};
