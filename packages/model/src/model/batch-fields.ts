// The names of a batch's arrays, which losses ask for and graphs read.
import type { Tensor } from '@hybridmed/tensor';

/** Names of a batch's arrays, as the loader makes them. `groups` numbers studies with equal impressions alike; `labels` are what reports give images. */
export const batchFields = [
  'image',
  'findings',
  'findings_mask',
  'impression',
  'impression_mask',
  'input',
  'target',
  'target_mask',
  'groups',
  'labels',
  'labels_mask',
] as const;

/** Name of one array of a batch. */
export type BatchField = (typeof batchFields)[number];

/** A batch as traced values. */
export type BatchTensors = Readonly<Record<BatchField, Tensor>>;
