// The sentences that normal studies share, and which studies are normal: what the AUC of their likelihood is about.
import type { Study } from '@hybridmed/data';
import type { Vectors } from '@hybridmed/eval';
import { normalizeForComparison } from '@hybridmed/eval';
import { commonestTexts, likelihoodAuc, sentenceScores } from '@hybridmed/eval/generation';
import { labelSet } from '@hybridmed/eval/labeller';
import type { Example, NormalLikelihood } from './report.ts';

// As many as the measured recipes have; the first few hold most of what normal studies say.
const sentenceCount = 10;

/** Whether a study is normal, by its set: Open-I's tag, a label "No Finding", or none of the labels it has; undefined where it has none. */
function normalByData({ tags, labels }: Study): 0 | 1 | undefined {
  if (tags !== undefined) return tags === 'normal' ? 1 : 0;
  const values = Object.values(labels ?? {});
  return labels?.['No Finding'] ?? (values.length === 0 ? undefined : values.includes(1) ? 0 : 1);
}

/** Whether a study's impression names no finding, by the rule labeller. */
const normalByText = ({ impression }: Study): 0 | 1 => labelSet(impression)['No Finding'];

/** The impressions that normal training studies have most often, each as it is first written. */
export function normalSentences(train: readonly Study[]): string[] {
  const normal = train.filter((study) => (normalByData(study) ?? normalByText(study)) === 1);
  const written = new Map<string, string>();
  for (const { impression } of normal) if (!written.has(normalizeForComparison(impression))) written.set(normalizeForComparison(impression), impression);
  return commonestTexts(
    normal.map(({ impression }) => normalizeForComparison(impression)),
    sentenceCount,
  ).map((text) => written.get(text)!);
}

/** Each study's log-probability of any normal sentence, of (studies, sentences), and whether it is normal; empty where there are no sentences. */
export function normalScores(studies: readonly Study[], logLikelihoods: Vectors): NonNullable<Example['normalSentences']>[] {
  if (logLikelihoods.shape[1] === 0) return [];
  const scores = sentenceScores(logLikelihoods);
  return studies.map((study, i) => {
    const byData = normalByData(study);
    return { score: scores[i]!, ...(byData === undefined ? {} : { byData }), byText: normalByText(study) };
  });
}

/** How well the likelihood of normal sentences tells normal studies, (studies, sentences); nothing where there are no such sentences. */
export function normalLikelihood(studies: readonly Study[], sentences: readonly string[], logLikelihoods: Vectors): NormalLikelihood | undefined {
  if (sentences.length === 0) return undefined;
  const own = studies.map(normalByData);
  const known = own.every((label) => label !== undefined);
  return { sentences, ...(known ? { byData: likelihoodAuc(own, logLikelihoods) } : {}), byText: likelihoodAuc(studies.map(normalByText), logLikelihoods) };
}
