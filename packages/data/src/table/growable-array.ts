// Typed arrays that grow as they are filled.

/** A typed array that takes values at its end. */
export class GrowableArray<T extends Int32Array | Uint32Array | Uint16Array | Uint8Array | Int8Array | Float64Array> {
  #data: T;
  readonly #make: (length: number) => T;
  length = 0;

  constructor(make: (length: number) => T) {
    this.#make = make;
    this.#data = make(1024);
  }

  /** Makes room for `more` values. */
  reserve(more: number): void {
    if (this.length + more <= this.#data.length) return;
    const wider = this.#make(Math.max(2 * this.#data.length, this.length + more));
    wider.set(this.#data.subarray(0, this.length) as never);
    this.#data = wider;
  }

  push(value: number): void {
    this.reserve(1);
    this.#data[this.length++] = value;
  }

  /** The array with room for what `reserve` asked for; valid until the next `reserve` or `push`. */
  get data(): T {
    return this.#data;
  }

  /** A copy without the room at the end. */
  finish(): T {
    return this.#data.slice(0, this.length) as T;
  }
}
