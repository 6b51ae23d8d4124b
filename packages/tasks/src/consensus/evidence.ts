// What is known of findings before an impression is written by consensus: impressions of near training studies, what beam search writes, and how
// likely the model finds each of them.
import type { ConsensusEvidence } from '@hybridmed/eval/generation';
import { nearestByPhrases } from '@hybridmed/eval/generation';
import { normalizeForComparison } from '@hybridmed/eval';
import { partOfBranch } from '@hybridmed/model';
import { sliceRows } from '@hybridmed/model/host-arrays';
import type { CallOptions, GeneratedText, ModelSession } from '@hybridmed/model/session';
import { HybridmedError } from '@hybridmed/tensor';

/** Texts of a training study. */
export interface TrainingTexts {
  readonly findings: string;
  readonly impression: string;
}

/** Number of nearest studies, and the width of beam search; 0 for no hypotheses. */
export interface EvidenceOptions {
  readonly k: number;
  readonly beams: number;
}

/** Gathers what is known of findings (B): one entry each. */
export type EvidenceSource = (findings: readonly string[], options?: CallOptions) => Promise<ConsensusEvidence[]>;

/** Texts that are one in a comparison stand once, as they are first written; an empty text is none. */
function distinctTexts(): { readonly texts: string[]; indexOf(text: string): number | undefined } {
  const places = new Map<string, number>();
  const texts: string[] = [];
  return {
    texts,
    indexOf(text) {
      const key = normalizeForComparison(text);
      if (key !== '' && !places.has(key)) places.set(key, texts.push(text) - 1);
      return places.get(key);
    },
  };
}

const hypothesesOf = ({ others = [], ...best }: GeneratedText): readonly GeneratedText[] => [best, ...others];

/**
 * Prepares the search among training studies. Throws one line for no training studies, a model without the findings branch, and one whose
 * likelihoods need more than the findings: one that copies tokens, or that reads retrieved impressions.
 */
export function consensusEvidence(
  model: ModelSession & { readonly retrieval?: unknown },
  train: readonly TrainingTexts[],
  { k, beams }: EvidenceOptions,
): EvidenceSource {
  const { source, copies } = model.info;
  model.require(partOfBranch.findings);
  if (copies || model.retrieval)
    throw new HybridmedError(`${source}: was trained with ${copies ? '--pointer' : '--retrieve'}; writing by consensus takes a model that was trained without`);
  if (train.length === 0) throw new HybridmedError('writing by consensus: no training studies, whose impressions are the candidates; add some');
  const near = nearestByPhrases(train.map(({ findings }) => findings));
  return async (findings, options) => {
    const tokens = model.prepare.texts(findings, 'findings');
    const { memory } = await model.textFeatures(tokens, ['memory'], options);
    const written = beams > 0 ? await model.generate({ findings: tokens }, { ...options, search: { kind: 'beam', width: beams } }) : [];
    const evidence: ConsensusEvidence[] = [];
    for (const [study, query] of findings.entries()) {
      const { texts, indexOf } = distinctTexts();
      const found = near(query, k).flatMap(({ index, similarity }) => {
        const text = indexOf(train[index]!.impression);
        return text === undefined ? [] : [{ text, similarity }];
      });
      const own = [...new Set((written[study] ? hypothesesOf(written[study]) : []).map(({ text }) => indexOf(text)))].filter((text) => text !== undefined);
      if (texts.length === 0)
        throw new HybridmedError(`writing by consensus: no training study shares a word with "${query.slice(0, 60)}"; search by beams, too`);
      const [rows, mask] = [sliceRows(memory, study, study + 1), sliceRows(tokens.mask, study, study + 1)];
      const sums = (await model.logLikelihoods('findings', { memory: rows, mask }, texts, options)).data;
      const lengths = texts.map((text) => model.tokenizer.encode(text, model.info.maxTokens).length - 1);
      evidence.push({
        texts,
        neighbours: found,
        hypotheses: own.map((text) => ({ text, logLikelihood: sums[text]! })),
        logLikelihoods: texts.map((_, text) => sums[text]! / lengths[text]!),
      });
    }
    return evidence;
  };
}
