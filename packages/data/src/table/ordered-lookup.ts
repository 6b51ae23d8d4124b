// A look-up by key that is cheap where keys are asked in nearly the order they were added, as rows of tables that belong together are.
import { isAt, StringBuilder, stringAt } from './strings.ts';

/** Numbers by key; of several with one key, the last. */
export class OrderedLookup {
  readonly #keys = new StringBuilder();
  readonly #values: number[] = [];
  #next = 0;
  #lastKey: string | undefined;
  #lastValue: number | undefined;
  #byKey: Map<string, number> | undefined;

  get size(): number {
    return this.#values.length;
  }

  add(key: string, value: number): void {
    this.#keys.add(key);
    this.#values.push(value);
  }

  /** The number of a key. Nothing may be added afterwards. */
  get(key: string): number | undefined {
    if (key === this.#lastKey) return this.#lastValue;
    this.#lastKey = key;
    return (this.#lastValue = this.#find(key));
  }

  #find(key: string): number | undefined {
    if (this.#byKey) return this.#byKey.get(key);
    const next = this.#next;
    const column = this.#keys.view();
    if (next < this.size && isAt(column, next, key) && !(next + 1 < this.size && isAt(column, next + 1, key))) {
      this.#next++;
      return this.#values[next];
    }
    // Out of order: from here on by hash.
    this.#byKey = new Map(this.#values.map((value, i) => [stringAt(column, i), value]));
    return this.#byKey.get(key);
  }
}
