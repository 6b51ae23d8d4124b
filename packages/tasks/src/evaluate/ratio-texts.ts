// Impressions from images by likelihood ratio: training impressions are candidates, validation studies choose the threshold and the weight.
import type { Loader, Study } from '@hybridmed/data';
import type { Vectors } from '@hybridmed/eval';
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

/** Whether there is something to choose: candidates and validation studies of which some name a finding and some do not. */
export function isRatioPossible(candidates: readonly Candidate[], validation: readonly Study[]): boolean {
  const bothKinds = (of: readonly boolean[]) => of.includes(true) && of.includes(false);
  return bothKinds(validation.map(({ impression }) => namesFinding(impression))) && bothKinds(candidates.map(({ names }) => names));
}

/** Log-likelihoods of the candidates for studies of a loader, (studies, candidates): of those of the batches `own`, by default of all. */
export async function ratioLikelihoods(
  { decoder, tokenizer, maxTokens }: RatioModel,
  candidates: readonly Candidate[],
  loader: Loader,
  own?: readonly [number, number],
): Promise<Vectors> {
  const sentences = candidates.map(({ text }) => text);
  return (await imageLosses(decoder, loader, { tokenizer, sentences, maxTokens, draws: 0, ...(own ? { own } : {}) })).sentences;
}

/** Chooses on the validation studies, and writes an impression for each row of the evaluated ones. */
export function writeRatioTexts(
  { candidates, validation }: { readonly candidates: readonly Candidate[]; readonly validation: readonly Study[] },
  likelihoods: { readonly validation: Vectors; readonly own: Vectors },
): RatioTexts {
  const impressions = validation.map(({ impression }) => impression);
  const writing = fitRatioWriting(candidates, { logLikelihoods: likelihoods.validation, names: impressions.map(namesFinding), impressions });
  return { writing, texts: writeByRatio(writing, likelihoods.own).map((i) => candidates[i]!.text) };
}
