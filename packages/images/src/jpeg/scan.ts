// A scan's entropy-coded bytes without their stuffing, cut at restart markers.
import type { Scratch } from '../scratch.ts';

/** Max bytes that may be read beyond the end of what a block lies in: 64 codes of 31 bits and a window. */
const beyond = 256;

/** The bytes, with zeros behind them, and where each part between restart markers begins; the last element is the end of all. */
export interface EntropyCoded {
  readonly view: DataView;
  readonly starts: readonly number[];
}

/** Reads a scan from `at` on. Ends at any marker that is no restart. */
export function entropyCoded(bytes: Uint8Array, at: number, scratch: Scratch): EntropyCoded {
  const out = scratch.take('scan', bytes.length - at + beyond);
  const starts = [0];
  let to = 0;
  for (let i = at; i < bytes.length;) {
    const mark = bytes.indexOf(0xff, i);
    const end = mark === -1 ? bytes.length : mark;
    out.set(bytes.subarray(i, end), to);
    to += end - i;
    const next = bytes[end + 1];
    i = end + 2;
    if (next === 0) out[to++] = 0xff;
    else if (next === 0xff) i = end + 1;
    else if (next !== undefined && next >= 0xd0 && next <= 0xd7) starts.push(to);
    else break;
  }
  out.fill(0, to, to + beyond);
  return { view: new DataView(out.buffer, out.byteOffset, to + beyond), starts: [...starts, to] };
}
