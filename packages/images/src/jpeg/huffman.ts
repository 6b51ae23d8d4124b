// JPEG's Huffman codes as a table of their first bits: an entry holds a whole coefficient where code and value fit into those bits.

/** Bits that `quick` is looked up by: most codes are no longer. */
export const quickBits = 11;

/**
 * A table [ITU-T T.81, annex C]. An entry holds how many bits code and value take together (bits 0 to 4), by how many places the
 * coefficient lies further (5 to 11; `blockEnd` where a block ends), how many bits of the value are still to be read (12 to 15), and the
 * value where that is none (16 to 31). 0: the code is longer than `quickBits`, or there is none.
 */
export interface HuffmanTable {
  readonly quick: Int32Array;
  readonly ac: boolean;
  /** For each length: the greatest code of it, left-aligned in 16 bits, and what to add to a code to find its symbol. */
  readonly limits: Int32Array;
  readonly offsets: Int32Array;
  readonly symbols: Uint8Array;
}

/** The advance of what ends a block: beyond any place a coefficient can lie at. */
export const blockEnd = 127;

/** A number of `size` bits as JPEG writes it: those that begin with 0 are negative. */
export const signed = (raw: number, size: number): number => (raw < (1 << size) >> 1 ? raw - (1 << size) + 1 : raw);

/** What a symbol says, as the low bits of an entry: a difference of first coefficients has at most 11 bits. */
function meaning(symbol: number, length: number, ac: boolean): number {
  const size = symbol & 15;
  const advance = !ac ? 0 : size > 0 ? (symbol >> 4) + 1 : symbol === 0xf0 ? 16 : blockEnd;
  return (size << 12) | (advance << 5) | (length + size);
}

/** Builds a table from the numbers of codes of lengths 1 to 16 and the symbols in order. Throws an Error for counts that fit no code. */
export function huffmanTable(counts: Uint8Array, symbols: Uint8Array, ac: boolean): HuffmanTable {
  const quick = new Int32Array(1 << quickBits);
  const [limits, offsets] = [new Int32Array(18).fill(-1), new Int32Array(17)];
  let [code, next] = [0, 0];
  for (let length = 1; length <= 16; length++) {
    offsets[length] = next - code;
    for (let i = 0; i < counts[length - 1]!; i++, code++, next++) {
      if (code >= 1 << length || next >= symbols.length) throw new Error('has a broken Huffman table');
      if (length <= quickBits) enter(quick, code, length, symbols[next]!, ac);
    }
    if (counts[length - 1]! > 0) limits[length] = (code << (16 - length)) - 1;
    code <<= 1;
  }
  return { quick, ac, limits, offsets, symbols };
}

/** Writes the entries of a code: one for all bits that may follow it, or one for each value that fits behind it. */
function enter(quick: Int32Array, code: number, length: number, symbol: number, ac: boolean): void {
  const [size, free] = [symbol & 15, quickBits - length];
  const [from, entry] = [code << free, meaning(symbol, length, ac)];
  // A window holds at least 25 bits; the rest goes the long way, as does what is broken.
  if (length + size > 25 || (!ac && symbol > 11)) return;
  if (size === 0 || size > free) quick.fill(entry, from, from + (1 << free));
  else
    for (let raw = 0, span = 1 << (free - size); raw < 1 << size; raw++)
      quick.fill((signed(raw, size) << 16) | (entry & 0xfff), from + raw * span, from + (raw + 1) * span);
}

/** The entry of a code that is not looked up, its value read: bit `at` of `view` is the code's first. Throws an Error where there is none. */
export function longCode({ ac, limits, offsets, symbols }: HuffmanTable, view: DataView, at: number): number {
  const code = windowAt(view, at) >>> 16;
  for (let length = 1; length <= 16; length++) {
    if (code > limits[length]!) continue;
    const symbol = symbols[(code >> (16 - length)) + offsets[length]!]!;
    const size = symbol & 15;
    if (!ac && symbol > 11) throw new Error('has a broken coefficient');
    const value = size === 0 ? 0 : signed(windowAt(view, at + length) >>> (32 - size), size);
    return (value << 16) | (meaning(symbol, length, ac) & 0xfff);
  }
  throw new Error('has a broken Huffman code');
}

/** At least 25 bits from bit `at` on, as the high bits of a number; zeros follow. */
export const windowAt = (view: DataView, at: number): number => view.getInt32(at >> 3) << (at & 7);
