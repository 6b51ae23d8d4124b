// The inputs of both kinds of encoder, with symbols for their free sizes.
import type { TextEncoder, VisionEncoder } from '@hybridmed/nn';
import type { TensorSpec } from '@hybridmed/tensor';

/** True for a text encoder. */
export const isText = (encoder: VisionEncoder | TextEncoder): encoder is TextEncoder => 'vocabulary' in encoder;

/** Inputs of an encoder: B studies, L tokens. */
export function inputSpecs(encoder: VisionEncoder | TextEncoder): Record<string, TensorSpec> {
  if (isText(encoder)) return { ids: { shape: ['B', 'L'], dtype: 'i32' }, mask: { shape: ['B', 'L'], dtype: 'f32' } };
  const { size, channels } = encoder.image;
  return { image: { shape: ['B', ...(encoder.frozen?.shape ?? [channels, size, size])], dtype: 'f32' } };
}
