// Memory that one image after another is decoded into: a fresh page costs more time than what is written to it.

// More than this is not kept for a use: one huge image must not hold its memory for ever.
const mostKept = 2 ** 23;

/** Buffers by what they are used for. Whoever holds a scratch decodes one image at a time with it. */
export class Scratch {
  readonly #held = new Map<string, Uint8Array<ArrayBuffer>>();

  /** `length` bytes with whatever was in them; ends the life of what was taken for that use before. */
  take(use: string, length: number): Uint8Array<ArrayBuffer> {
    const held = this.#held.get(use);
    if (held && held.length >= length) return held.subarray(0, length);
    // Room for images that are a little larger, so that it is not soon taken again.
    const made = new Uint8Array(length > mostKept ? length : Math.min(mostKept, length + (length >> 2)));
    if (length <= mostKept) this.#held.set(use, made);
    return made.subarray(0, length);
  }
}
