// What a compressed stream's own header says of its size, read before a decoder allocates for it.

/** Sides, components and bits of a codestream. */
export interface StreamSize {
  readonly width: number;
  readonly height: number;
  readonly components: number;
  readonly bits: number;
  /** The marker of the header that says so: SOF0 to SOF15, SOF55 of JPEG-LS, SIZ of JPEG 2000. */
  readonly marker: number;
  /** Of JPEG 2000. */
  readonly tiles?: number;
}

/** Reads the frame header of JPEG, JPEG lossless and JPEG-LS, or the SIZ marker of JPEG 2000; undefined when there is none. */
export function streamSize(bytes: Uint8Array): StreamSize | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    return view.getUint16(0) === 0xff4f ? sizOf(view, 2) : sofOf(view);
  } catch {
    // Past the end: no header.
    return undefined;
  }
}

function sofOf(view: DataView): StreamSize | undefined {
  let at = 2;
  for (;;) {
    const marker = view.getUint16(at);
    if (marker === 0xffff) {
      at++;
      continue;
    }
    // SOF0-15 but for DHT, JPG and DAC, and JPEG-LS's SOF55.
    const frame = (marker >= 0xffc0 && marker <= 0xffcf && ![0xffc4, 0xffc8, 0xffcc].includes(marker)) || marker === 0xfff7;
    if (frame) return { marker, bits: view.getUint8(at + 4), height: view.getUint16(at + 5), width: view.getUint16(at + 7), components: view.getUint8(at + 9) };
    if (marker < 0xff00 || marker === 0xffda || marker === 0xffd9) return undefined;
    at += 2 + view.getUint16(at + 2);
  }
}

function sizOf(view: DataView, at: number): StreamSize | undefined {
  if (view.getUint16(at) !== 0xff51) return undefined;
  const field = (index: number) => view.getUint32(at + 6 + 4 * index);
  const components = view.getUint16(at + 38);
  const tiles = Math.ceil((field(0) - field(6)) / field(4)) * Math.ceil((field(1) - field(7)) / field(5));
  return { marker: 0xff51, width: field(0) - field(2), height: field(1) - field(3), components, bits: (view.getUint8(at + 40) & 0x7f) + 1, tiles };
}
