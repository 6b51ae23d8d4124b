// The fields of the batch that each feature reads.
import type { BatchField } from '../model/batch-fields.ts';
import type { FeatureName } from './row.ts';

const decoderFields: readonly BatchField[] = ['input', 'target'];
const findingsFields: readonly BatchField[] = ['findings', 'findings_mask'];

/** Fields of the batch behind each feature. */
const fieldsOfFeature: Readonly<Record<FeatureName, readonly BatchField[]>> = {
  summary: [...findingsFields, ...decoderFields],
  caption: ['image', ...decoderFields],
  divergence: ['image', ...findingsFields, ...decoderFields],
  imageVector: ['image'],
  textVector: ['impression', 'impression_mask'],
  patches: ['image'],
  words: findingsFields,
  wordMask: findingsFields,
  importance: findingsFields,
};

/** Whether a feature is made of images alone, so that a model without a vision encoder has none. */
export const isOfImages = (name: FeatureName): boolean => fieldsOfFeature[name].every((field) => field === 'image');

/** Fields of the batch that some features read, each once. */
export const fieldsOfFeatures = (names: ReadonlySet<FeatureName>): readonly BatchField[] => [...new Set([...names].flatMap((name) => fieldsOfFeature[name]))];
