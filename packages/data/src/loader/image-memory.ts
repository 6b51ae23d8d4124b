// Memory that a loader's images are written to again and again: shared with workers while they make a batch, the user's own once it is taken.
import type { ImageArrays } from './batch.ts';

/**
 * Memory for batches of at most `bytes` bytes of images. Workers write to shared memory, whose content is copied when a batch is taken.
 * It is not transferred: memory that changes hands counts as new for V8, which then collects garbage for nearly every batch, on all
 * threads; that takes several times as long as the copy.
 */
export class ImageMemory {
  readonly #bytes: number;
  readonly #shared: SharedArrayBuffer[] = [];
  readonly #free: ArrayBuffer[] = [];

  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  /** Memory for a worker to write to. */
  shared(): SharedArrayBuffer {
    return this.#shared.pop() ?? new SharedArrayBuffer(this.#bytes);
  }

  /** Takes shared memory back that no one writes to or reads any more. */
  release({ image }: ImageArrays): void {
    if (image.data.buffer instanceof SharedArrayBuffer) this.#shared.push(image.data.buffer);
  }

  /** Memory of the user's own. */
  own(): ArrayBuffer {
    return this.#free.pop() ?? new ArrayBuffer(this.#bytes);
  }

  /** A batch with images in memory of the user's own, the shared memory released. */
  take<T extends ImageArrays>(arrays: T): T {
    const { data, shape } = arrays.image;
    if (!(data.buffer instanceof SharedArrayBuffer)) return arrays;
    const own = new Float32Array(this.own(), 0, data.length);
    own.set(data);
    this.release(arrays);
    return { ...arrays, image: { data: own, shape } };
  }

  /** Takes the user's memory back for another batch. */
  recycle({ image }: ImageArrays): void {
    const { buffer } = image.data;
    if (buffer instanceof ArrayBuffer && buffer.byteLength >= this.#bytes && this.#free.length < 2 && !this.#free.includes(buffer)) this.#free.push(buffer);
  }
}
