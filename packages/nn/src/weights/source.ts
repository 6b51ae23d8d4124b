// What published weights are to whoever loads them: shapes by name, and values read one tensor at a time into memory the caller gives.
import { HybridmedError } from '@hybridmed/tensor';

/** Thrown where published weights do not fit the encoder they are loaded into; names the file, the tensor and what to do. */
export class WeightsError extends HybridmedError {
  override readonly name = 'WeightsError';
}

/** Named shapes, as a file's header states them. */
export type TensorShapes = Readonly<Record<string, readonly number[]>>;

/** Tensors of one file or of several shards. */
export interface TensorSource {
  /** What messages call it: a file or folder. */
  readonly label: string;
  readonly shapes: TensorShapes;
  /** Writes a tensor's values as f32 into `out`, which has its length. Throws a HybridmedError for a damaged file. */
  readInto(name: string, out: Float32Array): Promise<void>;
}
