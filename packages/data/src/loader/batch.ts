// A batch of studies as named arrays: the names are those of the inputs of a model's graphs.

/** A typed array with its shape, row-major. */
export interface HostArray {
  readonly data: Float32Array | Float64Array | Int32Array;
  readonly shape: readonly number[];
}

/** Texts of B studies as token ids (i32) and masks (f32), each padded to the longest of the batch. */
export type TextArrays = {
  /** (B, L), with [CLS] and [SEP]. */
  readonly findings: HostArray;
  readonly findings_mask: HostArray;
  /** (B, Y): [CLS] y1..yn [SEP]. */
  readonly impression: HostArray;
  readonly impression_mask: HostArray;
  /** What the decoder reads, (B, T): [CLS] y1..yn. */
  readonly input: HostArray;
  /** What it is to write, (B, T): y1..yn [SEP]. */
  readonly target: HostArray;
  readonly target_mask: HostArray;
  /** For each study, the first one of the batch with the same impression: (B) i32. */
  readonly groups: HostArray;
};

/** Texts and images of B studies: image (B, C, H, W) f32 in [-1, 1]. */
export type StudyArrays = TextArrays & { readonly image: HostArray };

/** A batch without images: its arrays, and which studies they are. */
export interface TextBatch {
  readonly arrays: TextArrays;
  readonly studies: readonly number[];
}

/** A batch: its arrays, and which studies they are. */
export interface StudyBatch extends TextBatch {
  readonly arrays: StudyArrays;
}
