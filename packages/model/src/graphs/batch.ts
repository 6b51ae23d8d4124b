// A batch of studies as named arrays, and its symbolic shapes for tracing.
import type { HostArrays, TensorSpec } from '@hybridmed/tensor';
import type { BatchField, TextFeatureField, TextName } from '../model/batch-fields.ts';
import type { Model } from '../model/model.ts';
import type { TextFront } from '../model/text-front.ts';

/** A batch as host arrays: image (B, C, H, W), findings (B, L), impression (B, Y), input, target (B, T), masks f32 alike, groups (B), labels and their mask (B, K). */
export type Batch = Readonly<Partial<Record<BatchField, HostArrays[string]>>>;

/** Symbolic shapes of a batch, by field. */
export type BatchSpecs = Record<Exclude<BatchField, TextFeatureField>, TensorSpec> & Partial<Record<TextFeatureField, TensorSpec>>;

const lengths: Readonly<Record<TextName, string>> = { findings: 'L', impression: 'Y' };

/** Of what a frozen front makes of texts. */
function textFeatureSpecs({ shapes }: TextFront): Record<TextFeatureField, TensorSpec> {
  const spec = (text: TextName): TensorSpec => {
    const { perToken, columns } = shapes[text];
    return { shape: perToken ? ['B', lengths[text], columns] : ['B', columns], dtype: 'f32' };
  };
  return { findings_features: spec('findings'), impression_features: spec('impression') };
}

/**
 * Symbolic shapes of a model's batch: B studies, L findings, Y impression and T target tokens. Where the vision encoder has a frozen part,
 * `image` is what that makes; features of texts are there where the model is behind a frozen front that makes them.
 */
export function batchSpecs({ vision, labels, textFront }: Pick<Model, 'vision' | 'labels' | 'textFront'>): BatchSpecs {
  const { size, channels } = vision.image;
  const ids = (length: string): TensorSpec => ({ shape: ['B', length], dtype: 'i32' });
  const mask = (length: string): TensorSpec => ({ shape: ['B', length], dtype: 'f32' });
  const ofLabels: TensorSpec = { shape: ['B', labels?.columns.length ?? 0], dtype: 'f32' };
  return {
    image: { shape: ['B', ...(vision.frozen?.shape ?? [channels, size, size])], dtype: 'f32' },
    findings: ids(lengths.findings),
    findings_mask: mask(lengths.findings),
    impression: ids(lengths.impression),
    impression_mask: mask(lengths.impression),
    input: ids('T'),
    target: ids('T'),
    target_mask: mask('T'),
    groups: { shape: ['B'], dtype: 'i32' },
    labels: ofLabels,
    labels_mask: ofLabels,
    ...(textFront ? textFeatureSpecs(textFront) : {}),
  };
}

/** The named fields of a record. */
export function pick<T, K extends string>(record: Readonly<Partial<Record<K, T>>>, names: readonly K[]): Record<string, T> {
  return Object.fromEntries(names.flatMap((name) => (record[name] === undefined ? [] : [[name, record[name]]])));
}
