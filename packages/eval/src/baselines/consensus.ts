// The consensus of the nearest training studies: the impression among theirs that agrees best with all of theirs.
import { checkPaired, checkPlaces } from '../errors.ts';
import { rougeLOf } from '../text/rouge.ts';
import { normalizeForComparison, splitTokens } from '../text/tokens.ts';
import { greatest, largest } from './nearest.ts';
import { tfIdfSimilarities } from './tf-idf.ts';

/** Number of nearest studies (10), and the power of their similarities that weighs them (8). */
export interface ConsensusOptions {
  readonly k?: number;
  readonly power?: number;
}

/**
 * For each query's findings the index of a training study, whose impression is the consensus of the `k` studies with the nearest
 * findings (tf-idf, as `nearestTexts`): of theirs the one with the greatest sum of similarity^power times ROUGE-L to each of them, itself
 * included. ROUGE-L weighs precision and recall alike here, since neither text is a reference; of equals, the nearest study's. Impressions
 * are compared as `textScores` compares them. Throws for lists of different length, no studies, or a k below 1.
 */
export function consensusTexts(
  queries: readonly string[],
  { findings, impressions }: { readonly findings: readonly string[]; readonly impressions: readonly string[] },
  { k = 10, power = 8 }: ConsensusOptions = {},
): number[] {
  checkPaired('consensusTexts', findings, impressions, ['training findings', 'impressions']);
  checkPlaces('consensusTexts', k);
  const tokens = impressions.map((text) => splitTokens(normalizeForComparison(text)));
  const known = new Map<number, number>();
  const agreement = (a: number, b: number): number => {
    const key = Math.min(a, b) * impressions.length + Math.max(a, b);
    let value = known.get(key);
    if (value === undefined) known.set(key, (value = rougeLOf(tokens[a]!, tokens[b]!, 1)));
    return value;
  };
  const similarities = tfIdfSimilarities(findings);
  return queries.map((query) => {
    const scores = similarities(query);
    const near = largest(scores, k);
    const weights = near.map((index) => Math.max(scores[index]!, 0) ** power);
    const sums = near.map((candidate) => near.reduce((sum, other, at) => sum + weights[at]! * agreement(candidate, other), 0));
    return near[greatest(Float64Array.from(sums))]!;
  });
}
