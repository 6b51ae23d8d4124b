// The contract of a place for what is computed once: memory of this process, or a folder that a machine's processes share.

/** Bytes by key. */
export interface ByteStore {
  /** Where it is, in words: `in memory`, `in FOLDER`. */
  readonly place: string;
  /** Max bytes that it holds. */
  readonly maxBytes: number;
  /** The bytes under a key, which may be its own memory; undefined where there are none or they are damaged. */
  get(key: string): Promise<Uint8Array | undefined>;
  /** Keeps bytes, which it may take over, where there is room. What cannot be kept is no error. */
  put(key: string, bytes: Uint8Array): Promise<void>;
}

/** How what frozen parts of encoders make of images and texts is kept. */
export interface FeatureKeeping {
  /** The place; memory of this process by default. */
  readonly store?: ByteStore | undefined;
  /** Max bytes of this process's memory, where that is the place; 1 GiB by default. */
  readonly memoryBytes?: number | undefined;
  /** Numbers as they are, or in half the space, rounded: whether or not a feature is kept, it is the same. */
  readonly precision?: 'f32' | 'f16' | undefined;
}
