// Impressions of findings by consensus, and choosing on validation studies how they are written.
import type { ConsensusEvidence, ConsensusFigures, ConsensusWriting } from '@hybridmed/eval/generation';
import { consensusScores, consensusTexts, fitConsensusWriting } from '@hybridmed/eval/generation';
import type { CallOptions, ModelSession } from '@hybridmed/model/session';
import { HybridmedError } from '@hybridmed/tensor';
import type { EvidenceOptions, TrainingTexts } from './evidence.ts';
import { consensusEvidence } from './evidence.ts';

// Findings that are encoded together.
const batchSize = 32;

/** How to write by consensus, and how wide beam search is that gives hypotheses. */
export interface ConsensusSettings extends ConsensusWriting {
  readonly beams: number;
}

/** An impression with its score: mean agreement plus weighed log-likelihood. */
export interface ConsensusImpression {
  readonly text: string;
  readonly score: number;
  /** The next candidates, the best first. */
  readonly runnersUp: readonly { readonly text: string; readonly score: number }[];
}

/** What validation studies chose, and what it reaches on them beside the consensus of the ten nearest. */
export interface ConsensusChoice {
  readonly settings: ConsensusSettings;
  readonly figures: ConsensusFigures;
}

const mostRunnersUp = 5;

/** Writes impressions of findings (B) by consensus among training studies. Throws as `consensusEvidence` does. */
export function createConsensusWriter(
  model: ModelSession,
  train: readonly TrainingTexts[],
  { beams, ...writing }: ConsensusSettings,
): (findings: readonly string[], options?: CallOptions) => Promise<ConsensusImpression[]> {
  const gather = consensusEvidence(model, train, { k: writing.k, beams: writing.hypotheses > 0 ? beams : 0 });
  return async (findings, options) => {
    const impressions: ConsensusImpression[] = [];
    for (let start = 0; start < findings.length; start += batchSize)
      for (const evidence of await gather(findings.slice(start, start + batchSize), options)) {
        const [best, ...others] = consensusScores(evidence, writing).map(({ text, score }) => ({ text: evidence.texts[text]!, score }));
        impressions.push({ ...best!, runnersUp: others.slice(0, mostRunnersUp) });
      }
    return impressions;
  };
}

/** Near studies and beams that validation gathers: the most that may be chosen. */
export const consensusLimits: EvidenceOptions = { k: 40, beams: 4 };

/** Chooses on validation studies how to write by consensus: see `fitConsensusWriting`. Throws one line where there are none. */
export async function chooseConsensus(
  model: ModelSession,
  { train, validation }: { readonly train: readonly TrainingTexts[]; readonly validation: readonly TrainingTexts[] },
  { onProgress }: { readonly onProgress?: (studies: number) => void } = {},
): Promise<ConsensusChoice> {
  if (validation.length === 0) throw new HybridmedError('writing by consensus: no validation studies, which choose how; add some');
  const gather = consensusEvidence(model, train, consensusLimits);
  const queries = validation.map(({ findings }) => findings);
  const corpus = { findings: train.map(({ findings }) => findings), impressions: train.map(({ impression }) => impression) };
  const evidence: ConsensusEvidence[] = [];
  for (let start = 0; start < queries.length; start += batchSize) {
    evidence.push(...(await gather(queries.slice(start, start + batchSize))));
    onProgress?.(evidence.length);
  }
  const impressions = validation.map(({ impression }) => impression);
  const baseline = consensusTexts(queries, corpus).map((index) => corpus.impressions[index]!);
  const { writing, figures } = fitConsensusWriting({ evidence, impressions, baseline });
  return { settings: { ...writing, beams: consensusLimits.beams }, figures };
}
