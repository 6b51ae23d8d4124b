// Squares of images in memory that all threads share, so that later epochs decode nothing and no square is kept twice.

/** The memory itself: may be handed to a worker. */
export interface SquareCacheMemory {
  /** Bytes of one square. */
  readonly bytes: number;
  readonly squares: SharedArrayBuffer;
  /** 1 for a slot that is filled. */
  readonly filled: SharedArrayBuffer;
}

/** Memory for at most `count` squares and `limit` bytes; the system takes it only where it is written. */
export function cacheMemory(count: number, bytes: number, limit: number): SquareCacheMemory {
  const slots = Math.min(count, Math.floor(limit / bytes));
  return { bytes, squares: new SharedArrayBuffer(slots * bytes), filled: new SharedArrayBuffer(slots * 4) };
}

/** One thread's view of the memory. */
export class SquareCache {
  readonly #bytes: number;
  readonly #squares: Uint8Array;
  readonly #filled: Int32Array;

  constructor({ bytes, squares, filled }: SquareCacheMemory) {
    [this.#bytes, this.#squares, this.#filled] = [bytes, new Uint8Array(squares), new Int32Array(filled)];
  }

  /** The square of a slot; undefined where there is none yet or the slot lies beyond the memory. */
  get(slot: number): Uint8Array | undefined {
    if (slot >= this.#filled.length || Atomics.load(this.#filled, slot) === 0) return undefined;
    return this.#squares.subarray(slot * this.#bytes, (slot + 1) * this.#bytes);
  }

  /** Keeps a square. Two threads may write one slot at once: they write the same bytes. */
  put(slot: number, square: Uint8Array): void {
    if (slot >= this.#filled.length) return;
    this.#squares.set(square, slot * this.#bytes);
    Atomics.store(this.#filled, slot, 1);
  }
}
