// Pipelines that write: impressions from images, and summaries of findings.
import type { Search } from '@hybridmed/model';
import type { BranchInput, CallOptions, GeneratedText, ModelSession } from '@hybridmed/model/session';
import type { RatioImpression } from '../ratio/ratio-writer.ts';
import { createRatioWriter } from '../ratio/ratio-writer.ts';
import type { ImageReader, OneOrMany } from './contract.ts';
import { inBatches, oneOrMany, preparedImages } from './contract.ts';

/** A token as it is written: which input's text it continues, its id, and that input's text with it. */
export interface StreamedToken {
  readonly input: number;
  readonly id: number;
  readonly text: string;
}

/** How texts are written: greedily where no search is named. */
export interface WriteOptions extends CallOptions {
  readonly search?: Search;
  /** Receives tokens as they are chosen; of beam search those of the winner at the end. */
  readonly onToken?: (token: StreamedToken) => void;
}

/** How impressions are written: also by the likelihood ratio that `fit-ratio` has chosen, which streams no tokens. */
export interface ImpressionOptions extends Omit<WriteOptions, 'search'> {
  readonly search?: Search | { readonly kind: 'likelihood-ratio' };
}

/** An impression. Without a likelihood ratio it has the ids of its tokens, with one what decided it. */
export type Impression = Pick<GeneratedText, 'text' | 'score'> &
  Partial<Omit<GeneratedText, 'text' | 'score'>> &
  Partial<Omit<RatioImpression, 'text' | 'score'>>;

/** Tokens of a batch as those of all inputs, whose first is `from`, each with the text so far. */
function streamed({ tokenizer }: ModelSession, onToken: WriteOptions['onToken'], from: number): ((study: number, id: number) => void) | undefined {
  if (!onToken) return undefined;
  const ids = new Map<number, number[]>();
  return (study, id) => {
    const own = ids.get(study) ?? [];
    ids.set(study, own);
    own.push(id);
    onToken({ input: from + study, id, text: tokenizer.decode(own) });
  };
}

async function written(model: ModelSession, input: BranchInput, { search, onToken, signal }: WriteOptions, from: number): Promise<GeneratedText[]> {
  return model.generate(input, { search, signal, onToken: streamed(model, onToken, from) });
}

/** Impressions of images. */
export function writeImpressions<Image>(model: ModelSession, read: ImageReader<Image>): OneOrMany<Image, ImpressionOptions, Impression> {
  return oneOrMany((images, options: ImpressionOptions) => {
    const { search, ...rest } = options;
    const writer = search?.kind === 'likelihood-ratio' ? createRatioWriter(model) : undefined;
    return inBatches(images, options, async (batch, from): Promise<readonly Impression[]> => {
      const image = await preparedImages(model, read, batch);
      return writer ? writer.write(image, { signal: options.signal }) : written(model, { image }, { ...rest, search: search as Search | undefined }, from);
    });
  });
}

/** Impressions of findings. */
export const summarizeFindings = (model: ModelSession): OneOrMany<string, WriteOptions, GeneratedText> =>
  oneOrMany((texts, options: WriteOptions) => inBatches(texts, options, (findings, from) => written(model, { findings }, options, from)));
