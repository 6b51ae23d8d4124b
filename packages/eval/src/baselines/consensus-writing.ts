// Writing by consensus: of the impressions of near training studies and a model's own hypotheses, the one that all of them agree with best and
// that the model finds likely: minimum Bayes risk [Kumar and Byrne 2004]. How they are found and scored is the caller's.
import { HybridmedError } from '@hybridmed/tensor';
import { rougeLOf } from '../text/rouge.ts';
import { normalizeForComparison, splitTokens } from '../text/tokens.ts';

/** What is known of one study. Texts are distinct; a text may stand in both lists, and several neighbours may share one. */
export interface ConsensusEvidence {
  readonly texts: readonly string[];
  /** Impressions of training studies with near findings, nearest first, by their index in `texts`. */
  readonly neighbours: readonly { readonly text: number; readonly similarity: number }[];
  /** What the model writes, the best first, with log-likelihoods in nats summed over tokens. */
  readonly hypotheses: readonly { readonly text: number; readonly logLikelihood: number }[];
  /** The model's log-likelihood of each text, in nats per token. */
  readonly logLikelihoods: readonly number[];
}

/** How to write, as plain JSON: what validation studies chose. */
export interface ConsensusWriting {
  /** Number of nearest studies, and the power of their similarities that weighs them. */
  readonly k: number;
  readonly power: number;
  /** What the hypotheses weigh together, where the near studies weigh 1 together; at 0 no hypothesis is written. */
  readonly hypotheses: number;
  /** What multiplies the log-likelihood per token. */
  readonly likelihood: number;
}

/** One text, by its index, with its mean agreement plus the weighed log-likelihood. */
export interface ConsensusScore {
  readonly text: number;
  readonly score: number;
}

const known = new WeakMap<ConsensusEvidence, Float64Array>();

/** ROUGE-L between all texts of a study, precision and recall weighed alike, (texts, texts); computed once. */
function agreements(evidence: ConsensusEvidence): Float64Array {
  const before = known.get(evidence);
  if (before) return before;
  const tokens = evidence.texts.map((text) => splitTokens(normalizeForComparison(text)));
  const values = new Float64Array(tokens.length ** 2);
  for (let a = 0; a < tokens.length; a++)
    for (let b = 0; b <= a; b++) values[a * tokens.length + b] = values[b * tokens.length + a] = rougeLOf(tokens[a]!, tokens[b]!, 1);
  known.set(evidence, values);
  return values;
}

/** Weights by text, which sum to `total`, from pairs of a text and its weight; none where the weights sum to 0. */
function masses(entries: readonly (readonly [text: number, weight: number])[], total: number): (readonly [number, number])[] {
  const sum = entries.reduce((all, [, weight]) => all + weight, 0);
  return sum > 0 && total > 0 ? entries.map(([text, weight]) => [text, (total * weight) / sum]) : [];
}

/**
 * The texts that may be written, the best first; of equals, the nearest study's. A text's score is the mean of its ROUGE-L to all texts, weighed
 * by similarity^power (near studies) and by probability (hypotheses), plus `likelihood` times its log-likelihood per token. Throws for a study
 * without texts, or log-likelihoods that are not as many.
 */
export function consensusScores(evidence: ConsensusEvidence, { k, power, hypotheses, likelihood }: ConsensusWriting): ConsensusScore[] {
  const { texts, logLikelihoods } = evidence;
  if (logLikelihoods.length !== texts.length)
    throw new HybridmedError(`consensusScores: ${logLikelihoods.length} log-likelihoods of ${texts.length} texts; give one of each`);
  const most = Math.max(...evidence.hypotheses.map(({ logLikelihood }) => logLikelihood));
  const near = evidence.neighbours.slice(0, k).map(({ text, similarity }) => [text, Math.max(similarity, 0) ** power] as const);
  const own = evidence.hypotheses.map(({ text, logLikelihood }) => [text, Math.exp(logLikelihood - most)] as const);
  // Findings that share no word with any training study leave the model alone.
  const ofNear = masses(near, 1);
  const votes = [...ofNear, ...masses(own, ofNear.length === 0 ? 1 : hypotheses)];
  if (votes.length === 0) throw new HybridmedError('consensusScores: no texts to choose among; give near studies or hypotheses');
  const total = votes.reduce((sum, [, weight]) => sum + weight, 0);
  const agreement = agreements(evidence);
  return [...new Set(votes.map(([text]) => text))]
    .map((text) => {
      const shared = votes.reduce((sum, [other, weight]) => sum + weight * agreement[text * texts.length + other]!, 0) / total;
      return { text, score: shared + likelihood * logLikelihoods[text]! };
    })
    .toSorted((a, b) => (Math.abs(a.score - b.score) > 1e-12 ? b.score - a.score : 0));
}
