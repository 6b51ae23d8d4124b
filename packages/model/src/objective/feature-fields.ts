// The fields of the batch that each feature reads.
import type { BatchField } from '../model/batch-fields.ts';
import type { FeatureName } from './row.ts';

const decoderFields: readonly BatchField[] = ['input', 'target'];
const findingsFields: readonly BatchField[] = ['findings', 'findings_mask'];
// Of texts that the encoder reads: where a frozen front has read them, graphs read its features.
const encodedFindings: readonly BatchField[] = [...findingsFields, 'findings_features'];
const encodedImpression: readonly BatchField[] = ['impression', 'impression_mask', 'impression_features'];

/** Fields of the batch behind each feature. */
const fieldsOfFeature: Readonly<Record<FeatureName, readonly BatchField[]>> = {
  summary: [...encodedFindings, ...decoderFields],
  caption: ['image', ...decoderFields],
  divergence: ['image', ...encodedFindings, ...decoderFields],
  imageGlobal: ['image'],
  imageVector: ['image'],
  textVector: encodedImpression,
  patches: ['image'],
  words: encodedFindings,
  wordMask: findingsFields,
  importance: encodedFindings,
};

/** Whether a feature is made of images alone, so that a model without a vision encoder has none. */
export const isOfImages = (name: FeatureName): boolean => fieldsOfFeature[name].every((field) => field === 'image');

/** Fields of the batch that some features read, each once. With `teacherStates` the teacher of distillation has read the findings before. */
export function fieldsOfFeatures(names: ReadonlySet<FeatureName>, { teacherStates = false }: { readonly teacherStates?: boolean } = {}): readonly BatchField[] {
  const fieldsOf = (name: FeatureName): readonly BatchField[] => fieldsOfFeature[name === 'divergence' && teacherStates ? 'caption' : name];
  return [...new Set([...names].flatMap(fieldsOf))];
}
