// What a run's provenance says of a likelihood ratio that was chosen for one of its checkpoints.
import type { LikelihoodRatio, LikelihoodRatioChoice } from '@hybridmed/model';

/** Its own numbers, the studies that chose it, and what it was chosen for. */
export interface RecordedRatio extends Pick<LikelihoodRatio, 'weight' | 'threshold'>, Pick<LikelihoodRatioChoice, 'studies' | 'ids'> {
  /** When, as ISO 8601, by which version, and on which data set. */
  readonly chosen: string;
  readonly version: string;
  readonly data: string;
  /** Name of the checkpoint's folder, and the SHA-256 of its parameters. */
  readonly checkpoint: string;
  readonly weights: string;
}
