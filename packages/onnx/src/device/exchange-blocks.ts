// Memory of entries that are exchanged: each list of names has one block in which its entries then lie for good, so that nothing is copied.
import type { ExchangeChange } from '@hybridmed/tensor';
import { ExchangeBlock, exchangeInBlocks } from '@hybridmed/tensor/exchange';
import type { Entry } from './bound-array.ts';
import { bindEntry } from './bound-array.ts';

/** Entries one after another. */
interface Block {
  readonly names: readonly string[];
  readonly entries: readonly Entry[];
  readonly numbers: Float32Array;
}

type Entries = Map<string, Entry>;

/** The blocks of a state. */
export class ExchangeBlocks {
  #blocks: Block[] = [];
  /** For entries that have memory of their own elsewhere, such as the optimizer's. */
  readonly #copies = new ExchangeBlock();

  /** Moves f32 entries into a block, unless they lie in one or are fixed elsewhere. Gives the memory that they leave. */
  gather(names: readonly string[], entries: Entries): ArrayBuffer[] {
    if (this.#find(names, entries)) return [];
    const former = names.map((name) => entries.get(name)!);
    // A name that is given twice has one place.
    if (former.some(({ fixed }) => fixed) || new Set(names).size < names.length) return [];
    const numbers = new Float32Array(former.reduce((sum, { array }) => sum + array.data.length, 0));
    let at = 0;
    const moved = former.map(({ array: { data, shape } }) => {
      const place = numbers.subarray(at, (at += data.length));
      place.set(data);
      return bindEntry({ data: place, shape }, true);
    });
    names.forEach((name, i) => entries.set(name, moved[i]!));
    this.#blocks.push({ names: [...names], entries: moved, numbers });
    return former.map(({ array }) => array.data.buffer as ArrayBuffer);
  }

  /** Exchanges entries: where they lie in a block, else through copies. */
  exchange(names: readonly string[], entries: Entries, length: number, change: ExchangeChange): Promise<void> {
    const block = this.#find(names, entries);
    if (block) return exchangeInBlocks(block.numbers, length, change);
    return this.#copies.exchange(
      names.map((name) => entries.get(name)!.array.data as Float32Array),
      length,
      change,
    );
  }

  /** Lets go of blocks in which an entry no longer lies. */
  forget(entries: Entries): void {
    this.#blocks = this.#blocks.filter((block) => lies(block, entries));
  }

  #find(names: readonly string[], entries: Entries): Block | undefined {
    return this.#blocks.find((block) => block.names.length === names.length && block.names.every((name, i) => name === names[i]) && lies(block, entries));
  }
}

const lies = ({ names, entries: own }: Block, entries: Entries): boolean => names.every((name, i) => entries.get(name) === own[i]);
