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

/** Images of B studies alone. */
export type ImageArrays = Pick<StudyArrays, 'image'>;

/** A batch without texts: its arrays, and which studies they are. */
export interface ImageBatch {
  readonly arrays: ImageArrays;
  readonly studies: readonly number[];
}

/** A batch without images: its arrays, and which studies they are. */
export interface TextBatch {
  readonly arrays: TextArrays;
  readonly studies: readonly number[];
}

/** A batch: its arrays, and which studies they are. */
export interface StudyBatch extends TextBatch {
  readonly arrays: StudyArrays;
}
