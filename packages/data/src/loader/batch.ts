// A batch of studies as named arrays: the names are those of the inputs of a model's graphs.
import type { HostArray } from '@hybridmed/inputs';

/**
 * Texts of B studies, padded to the longest of the batch: ids (i32) of `findings` (B, L) and `impression` (B, Y) from [CLS] to [SEP], of
 * `input`, which the decoder reads (B, T), from [CLS] on, and of `target`, which it is to write (B, T), up to [SEP]; their masks (f32); and
 * `groups` (B) i32, for each study the first one of the batch with the same impression.
 */
export type TextArrays = Readonly<
  Record<'findings' | 'findings_mask' | 'impression' | 'impression_mask' | 'input' | 'target' | 'target_mask' | 'groups', HostArray>
>;

/** Texts and images of B studies: image (B, C, H, W) f32 in [-1, 1]. */
export type StudyArrays = TextArrays & { readonly image: HostArray };

/** A batch without images: its arrays, and which studies they are. */
export interface TextBatch {
  readonly arrays: TextArrays;
  readonly studies: readonly number[];
}

/**
 * A batch: its arrays, and which studies they are. Of studies whose images' features are known, `image` has no rows: those of the others are
 * in it one after another.
 */
export interface StudyBatch extends TextBatch {
  readonly arrays: StudyArrays;
  /** Which copy of its image each study is of, 0 the centre crop; absent where images are cropped anew each time. */
  readonly copies?: readonly number[];
  /** What `known` gave for each study; absent where nothing was asked. */
  readonly known?: readonly (Float32Array | undefined)[];
}

/** Features of a copy of a study's image where they are known: the image is then not read. */
export type KnownFeatures = (study: number, copy: number) => Promise<Float32Array | undefined>;
