// What is read from a config beside the tensors, and the checks that every library's config needs.
import type { ConfigFields } from '@hybridmed/nn/weights';
import type { Resampling } from './resample-positions.ts';

/** Sizes read off the tensors. */
export interface TensorSizes {
  readonly width: number;
  readonly depth: number;
  readonly patch: number;
  readonly channels: number;
  readonly ffn: number;
}

/** What only a config can tell. */
export interface StatedByConfig {
  readonly heads: number;
  readonly activation: 'gelu' | 'quickGelu' | 'geluTanh';
  readonly epsilon: number;
  readonly pool: 'class' | 'mean' | 'meanNormed' | undefined;
  readonly resampling: Resampling;
  /** What nobody states and is taken by convention, in words. */
  readonly assumed: readonly string[];
}

/** What the tensors show beside sizes. */
export interface TensorFacts {
  readonly preNorm: boolean;
  readonly classToken: boolean;
  readonly distilled: boolean;
  readonly gated: boolean;
  /** A norm after pooling in place of the last one. */
  readonly pooledNorm: boolean;
  /** Pooling by attention. */
  readonly attentionPool: boolean;
}

/** Refuses a field that contradicts the tensors. */
export function agree(fields: ConfigFields, key: string, tensors: number): void {
  if (fields.has(key) && fields.count(key) !== tensors)
    fields.refuse(key, `is ${fields.count(key)}, the tensors say ${tensors}; the config is of another checkpoint`);
}

/** The heads that a field states, else `usual`. */
export function headsOf(fields: ConfigFields, keys: readonly string[], width: number, usual: number | undefined): number {
  const key = keys.find((name) => fields.has(name));
  const heads = key === undefined ? usual : fields.count(key);
  if (heads === undefined) return fields.refuse(keys[0]!, `is missing, and the tensors do not tell; add it: the number of attention heads of width ${width}`);
  if (width % heads !== 0) fields.refuse(key ?? keys[0]!, `is ${heads}, which does not divide the width ${width}`);
  return heads;
}
