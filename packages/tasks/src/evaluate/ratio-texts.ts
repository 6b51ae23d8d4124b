// Impressions from images by likelihood ratio: training impressions are candidates, validation studies choose the threshold and the weight.
import type { Loader, Study } from '@hybridmed/data';
import { normalizeForComparison } from '@hybridmed/eval';
import type { Candidate, RatioWriting } from '@hybridmed/eval/generation';
import { commonestTexts, fitRatioWriting, writeByRatio } from '@hybridmed/eval/generation';
import { labelSet } from '@hybridmed/eval/labeller';
import type { Tokenizer } from '@hybridmed/text';
import type { ImageDecoder } from './image-decoder.ts';
import { imageLosses } from './image-losses.ts';

// As in the measurements the method is from: the commonest impressions, and the commonest of those that name a finding.
const [commonest, naming] = [40, 60];

/** Whether an impression names a finding, by the rule labeller. */
export const namesFinding = (impression: string): boolean => labelSet(impression)['No Finding'] === 0;

/** Training impressions that may be written, the commonest first, each as it is first written. */
export function ratioCandidates(train: readonly Study[]): Candidate[] {
  const written = new Map<string, string>();
  const keys = train.map(({ impression }) => {
    const key = normalizeForComparison(impression);
    if (!written.has(key)) written.set(key, impression);
    return key;
  });
  const names = new Map([...written].map(([key, text]) => [key, namesFinding(text)]));
  const chosen = new Set([
    ...commonestTexts(keys, commonest),
    ...commonestTexts(
      keys.filter((key) => names.get(key)),
      naming,
    ),
  ]);
  return [...chosen].map((key) => ({ text: written.get(key)!, names: names.get(key)! }));
}

/** The image branch, and how it reads texts. */
export interface RatioModel {
  readonly decoder: ImageDecoder;
  readonly tokenizer: Tokenizer;
  readonly maxTokens: number;
}

/** What was chosen on validation studies, and the impressions of the evaluated ones. */
export interface RatioTexts {
  readonly writing: RatioWriting;
  readonly texts: string[];
}

/**
 * Writes an impression for each study of a loader; undefined where the candidates or the validation studies lack those that name a finding
 * or those that do not, so that there is nothing to choose.
 */
export async function ratioTexts(
  { decoder, tokenizer, maxTokens }: RatioModel,
  { candidates, validation, loader }: { readonly candidates: readonly Candidate[]; readonly validation: Loader; readonly loader: Loader },
): Promise<RatioTexts | undefined> {
  const impressions = validation.studies.map(({ impression }) => impression);
  const names = impressions.map(namesFinding);
  const bothKinds = (of: readonly boolean[]) => of.includes(true) && of.includes(false);
  if (!bothKinds(names) || !bothKinds(candidates.map((candidate) => candidate.names))) return undefined;
  const sentences = candidates.map(({ text }) => text);
  const likelihoods = async (of: Loader) => (await imageLosses(decoder, of, { tokenizer, sentences, maxTokens, draws: 0 })).sentences;
  const writing = fitRatioWriting(candidates, { logLikelihoods: await likelihoods(validation), names, impressions });
  return { writing, texts: writeByRatio(writing, await likelihoods(loader)).map((i) => sentences[i]!) };
}
