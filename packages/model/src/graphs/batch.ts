// A batch of studies as named arrays, and its symbolic shapes for tracing.
import type { HostArrays, TensorSpec } from '@hybridmed/tensor';
import type { BatchField } from '../model/batch-fields.ts';
import type { Model } from '../model/model.ts';

/** A batch as host arrays: image (B, C, H, W), findings (B, L), impression (B, Y), input, target (B, T), masks f32 alike, groups (B), labels and their mask (B, K). */
export type Batch = Readonly<Partial<Record<BatchField, HostArrays[string]>>>;

/** Symbolic shapes of a model's batch: B studies, L findings, Y impression and T target tokens. Where the vision encoder has a frozen part, `image` is what that makes. */
export function batchSpecs({ vision, labels }: Pick<Model, 'vision' | 'labels'>): Record<BatchField, TensorSpec> {
  const { size, channels } = vision.image;
  const ids = (length: string): TensorSpec => ({ shape: ['B', length], dtype: 'i32' });
  const mask = (length: string): TensorSpec => ({ shape: ['B', length], dtype: 'f32' });
  const ofLabels: TensorSpec = { shape: ['B', labels?.columns.length ?? 0], dtype: 'f32' };
  return {
    image: { shape: ['B', ...(vision.frozen?.shape ?? [channels, size, size])], dtype: 'f32' },
    findings: ids('L'),
    findings_mask: mask('L'),
    impression: ids('Y'),
    impression_mask: mask('Y'),
    input: ids('T'),
    target: ids('T'),
    target_mask: mask('T'),
    groups: { shape: ['B'], dtype: 'i32' },
    labels: ofLabels,
    labels_mask: ofLabels,
  };
}

/** The named fields of a record. */
export function pick<T, K extends string>(record: Readonly<Partial<Record<K, T>>>, names: readonly K[]): Record<string, T> {
  return Object.fromEntries(names.flatMap((name) => (record[name] === undefined ? [] : [[name, record[name]]])));
}
