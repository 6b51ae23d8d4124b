// The Huffman codes of one block after another: which coefficients are not zero, and their values.
import type { HuffmanTable } from './huffman.ts';
import { blockEnd, longCode, quickBits, signed, windowAt } from './huffman.ts';

/** Reads blocks; the last one's coefficients but the first stay in `places` (zigzag order) and `values`, `count` of them. */
export class BlockReader {
  /** Where the next block begins. */
  bit = 0;
  count = 0;
  readonly places = new Uint8Array(64);
  readonly values = new Int32Array(64);
  readonly #view: DataView;

  constructor(view: DataView) {
    this.#view = view;
  }

  /** Reads a block. Returns the difference of its first coefficient to the last block's. Throws an Error for what is no block. */
  read(dc: HuffmanTable, ac: HuffmanTable): number {
    const { places, values } = this;
    const view = this.#view;
    const quick = ac.quick;
    let bit = this.bit;
    let count = 0;
    let window = windowAt(view, bit);
    let entry = dc.quick[window >>> (32 - quickBits)]! || longCode(dc, view, bit);
    let open = (entry >> 12) & 15;
    const difference = open === 0 ? entry >> 16 : signed((window << ((entry & 31) - open)) >>> (32 - open), open);
    bit += entry & 31;
    for (let k = 0; k < 63;) {
      // As windowAt, which is not inlined here; this is where the time goes.
      window = view.getInt32(bit >> 3) << (bit & 7);
      entry = quick[window >>> (32 - quickBits)]! || longCode(ac, view, bit);
      open = (entry >> 12) & 15;
      const value = open === 0 ? entry >> 16 : signed((window << ((entry & 31) - open)) >>> (32 - open), open);
      bit += entry & 31;
      k += (entry >> 5) & 127;
      if (k > 63) {
        if (value !== 0 && k < blockEnd) throw new Error('has a broken block');
        break;
      }
      places[count] = k;
      values[count++] = value;
    }
    this.bit = bit;
    this.count = count;
    return difference;
  }
}
