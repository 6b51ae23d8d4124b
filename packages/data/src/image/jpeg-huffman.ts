// JPEG's entropy coding: Huffman tables, and a scan's bytes without their stuffing.

/** A Huffman table as look-ups: for every first 9 bits `length << 8 | symbol`, or 0 where the code is longer. */
export interface HuffmanTable {
  readonly quick: Uint16Array;
  /** For AC coefficients whose code and bits together are no longer than that: `value << 8 | zeros before it << 4 | length`, or 0. */
  readonly whole: Int16Array;
  /** For each length: the greatest code of it, left-aligned in 16 bits, and what to add to a code to find its symbol. */
  readonly limits: Int32Array;
  readonly offsets: Int32Array;
  readonly symbols: Uint8Array;
}

export const quickBits = 9;

/** Builds a table from the numbers of codes of lengths 1 to 16 and the symbols in order (ITU-T T.81, annex C). Throws an Error for counts that fit no code. */
export function huffmanTable(counts: Uint8Array, symbols: Uint8Array): HuffmanTable {
  const quick = new Uint16Array(1 << quickBits);
  const [limits, offsets] = [new Int32Array(18).fill(-1), new Int32Array(17)];
  let [code, next] = [0, 0];
  for (let length = 1; length <= 16; length++) {
    offsets[length] = next - code;
    for (let i = 0; i < counts[length - 1]!; i++, code++, next++) {
      if (code >= 1 << length || next >= symbols.length) throw new Error('has a broken Huffman table');
      if (length <= quickBits) quick.fill((length << 8) | symbols[next]!, code << (quickBits - length), (code + 1) << (quickBits - length));
    }
    if (counts[length - 1]! > 0) limits[length] = (code << (16 - length)) - 1;
    code <<= 1;
  }
  return { quick, whole: wholeCoefficients(quick), limits, offsets, symbols };
}

function wholeCoefficients(quick: Uint16Array): Int16Array {
  return Int16Array.from(quick, (found, bits) => {
    const [length, size] = [found >> 8, found & 15];
    if (size === 0 || length + size > quickBits) return 0;
    const raw = (bits >> (quickBits - length - size)) & ((1 << size) - 1);
    const value = raw < 1 << (size - 1) ? raw - (1 << size) + 1 : raw;
    return value >= -128 && value < 128 ? (value << 8) | (found & 0xf0) | (length + size) : 0;
  });
}

/** A scan's entropy-coded bytes from `at` on, without stuffing, cut at restart markers. Ends at any other marker. */
export function scanSegments(bytes: Uint8Array, at: number): Uint8Array[] {
  const segments: Uint8Array[] = [];
  const out = new Uint8Array(bytes.length - at);
  let [from, to] = [0, 0];
  for (let i = at; i < bytes.length;) {
    const mark = bytes.indexOf(0xff, i);
    const end = mark === -1 ? bytes.length : mark;
    out.set(bytes.subarray(i, end), to);
    to += end - i;
    const next = bytes[end + 1];
    i = end + 2;
    if (next === 0) out[to++] = 0xff;
    else if (next === 0xff) i = end + 1;
    else if (next !== undefined && next >= 0xd0 && next <= 0xd7) {
      segments.push(out.subarray(from, to));
      from = to;
    } else break;
  }
  segments.push(out.subarray(from, to));
  return segments;
}
