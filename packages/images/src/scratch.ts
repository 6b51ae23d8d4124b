// Memory that one image after another is decoded into: a fresh page costs more time than what is written to it.

// More than this is not kept for a use: one huge image must not hold its memory for ever.
const maxKept = 2 ** 23;

/** Buffers by what they are used for. Whoever holds a scratch decodes one image at a time with it. */
export class Scratch {
  readonly #buffers = new Map<string, Uint8Array<ArrayBuffer>>();

  /** `length` bytes with whatever was in them; ends the life of what was taken for that use before. */
  take(use: string, length: number): Uint8Array<ArrayBuffer> {
    const buffer = this.#buffers.get(use);
    if (buffer && buffer.length >= length) return buffer.subarray(0, length);
    // Room for images that are a little larger, so that it is not soon taken again.
    const larger = new Uint8Array(length > maxKept ? length : Math.min(maxKept, length + (length >> 2)));
    if (length <= maxKept) this.#buffers.set(use, larger);
    return larger.subarray(0, length);
  }
}
