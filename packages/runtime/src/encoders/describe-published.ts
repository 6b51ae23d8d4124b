// What a published checkpoint holds: the encoders recognized in it, and a table of every tensor.
import type { WeightRow } from '@hybridmed/nn/weights';
import type { WantedImage } from '@hybridmed/vision';
import type { PretrainedEncoder } from './published-encoders.ts';
import { pretrainedText, pretrainedVision } from './published-encoders.ts';

/** An encoder in a checkpoint. */
export interface PublishedEncoder {
  readonly kind: 'vision' | 'text';
  /** Its sizes, as a checkpoint's config.json would have them. */
  readonly config: object;
  readonly tensors: readonly WeightRow[];
  /** What neither tensors nor config tell and is taken by convention. */
  readonly assumed: readonly string[];
  /** In words, how a vision encoder's images are normalized, and who says so. */
  readonly normalization?: string;
}

/** The encoders in a folder or file: a BERT, a vision encoder, or both. Throws the reason where there is none. */
export async function describePublished(path: string, image: WantedImage): Promise<PublishedEncoder[]> {
  const encoders: PublishedEncoder[] = [];
  const reasons: unknown[] = [];
  const attempt = async (kind: PublishedEncoder['kind'], open: () => Promise<PretrainedEncoder<object>>): Promise<void> => {
    try {
      const { config, table, assumed, normalization } = await open();
      encoders.push({ kind, config, tensors: table, assumed, ...(normalization === undefined ? {} : { normalization: normalization.description }) });
    } catch (error) {
      reasons.push(error);
    }
  };
  await attempt('text', () => pretrainedText(path));
  await attempt('vision', () => pretrainedVision(path, image));
  if (encoders.length > 0) return encoders;
  // Of two reasons, that of an encoder which cannot be used says more than that of an absent one.
  const message = (reason: unknown): string => (reason as Error).message;
  throw reasons.find((reason) => !/holds no (?:BERT|vision encoder)|a BERT needs/.test(message(reason))) ?? reasons.at(-1);
}
