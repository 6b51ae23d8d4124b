// The names of a batch's arrays, which losses ask for and graphs read.
import type { Tensor } from '@hybridmed/tensor';

/** Texts of a study, by their names in a batch. */
export const textNames = ['findings', 'impression'] as const;

/** One text of a study. */
export type TextName = (typeof textNames)[number];

/** Names of a batch's arrays, as the loader makes them. `groups` numbers studies with equal impressions alike; `labels` are what reports give images. */
export const sourceFields = [
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

/** Names of what a frozen front makes of a batch's texts, which graphs behind it read. */
export type TextFeatureField = `${TextName}_features`;

/** The name of what a frozen front makes of a text. */
export const textFeatureField = (text: TextName): TextFeatureField => `${text}_features`;

/** Whether a field of a batch is made of a text by a frozen front. */
export const isTextFeature = (field: string): field is TextFeatureField => textNames.some((text) => textFeatureField(text) === field);

/** Name of one array of a batch. */
export type BatchField = (typeof sourceFields)[number] | TextFeatureField;

/** Names of all arrays of a batch, in their order. */
export const batchFields: readonly BatchField[] = [...sourceFields, ...textNames.map(textFeatureField)];

/** A batch as traced values. */
export type BatchTensors = Readonly<Record<BatchField, Tensor>>;
