// DICOM's run-length coding (PS3.5 annex G): PackBits, one segment for each byte of each sample.

/**
 * Decodes a frame into little-endian samples, pixel by pixel: `pixels` of `samples` values of `size` bytes. Segments hold the high byte first.
 * Throws an Error for segments that lie about where they are or end early.
 */
export function decodeRle(frame: Uint8Array, pixels: number, samples: number, size: 1 | 2): Uint8Array {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const count = samples * size;
  if (frame.length < 64 || view.getUint32(0, true) !== count) throw new Error('has broken run-length segments');
  const out = new Uint8Array(pixels * count);
  for (let segment = 0; segment < count; segment++) {
    const start = view.getUint32(4 + 4 * segment, true);
    const end = segment + 1 < count ? view.getUint32(8 + 4 * segment, true) : frame.length;
    if (start < 64 || start > end || end > frame.length) throw new Error('has broken run-length segments');
    const [sample, high] = [Math.floor(segment / size), segment % size];
    unpack(frame, start, end, out, sample * size + (size - 1 - high), count, pixels);
  }
  return out;
}

/** Writes one segment's `count` bytes to out[first], out[first + stride], ... */
function unpack(frame: Uint8Array, start: number, end: number, out: Uint8Array, first: number, stride: number, count: number): void {
  let [from, to] = [start, first];
  const last = first + count * stride;
  while (to < last) {
    if (from >= end) throw new Error('is truncated: its pixels end early');
    const header = frame[from++]!;
    if (header < 128) {
      for (let i = 0; i <= header && to < last; i++, to += stride) {
        if (from >= end) throw new Error('is truncated: its pixels end early');
        out[to] = frame[from++]!;
      }
    } else if (header > 128) {
      if (from >= end) throw new Error('is truncated: its pixels end early');
      const value = frame[from++]!;
      for (let i = 257 - header; i > 0 && to < last; i--, to += stride) out[to] = value;
    }
  }
}
