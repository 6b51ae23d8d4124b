// Summaries of findings by consensus beside greedy ones and the consensus of the ten nearest: what chooses, and the figures of a split.
import type { TextScores } from '@hybridmed/eval';
import { textIntervals, textScores } from '@hybridmed/eval';
import type { ConsensusEvidence } from '@hybridmed/eval/generation';
import { consensusScores, consensusTexts } from '@hybridmed/eval/generation';
import type { OpenedModel } from '@hybridmed/runtime';
import type { ConsensusSettings, TrainingTexts } from '@hybridmed/tasks/texts';
import { consensusEvidence } from '@hybridmed/tasks/texts';

const batchSize = 32;

/** A study's texts, and those of training studies in the order in which an evaluation reads them. */
export interface Texts {
  readonly studies: readonly TrainingTexts[];
  readonly train: readonly TrainingTexts[];
}

/** Figures of one way to write, and the paired differences to the consensus of the ten nearest. */
interface Row extends TextScores {
  readonly intervals: object;
  readonly overConsensus?: object;
}

function rowOf(texts: readonly string[], truth: readonly string[], than?: readonly string[]): Row {
  const only = ({ bleu4, rougeL, cider }: ReturnType<typeof textIntervals>) => ({ bleu4, rougeL, cider });
  return {
    ...textScores(texts, truth),
    intervals: only(textIntervals(texts, truth)),
    ...(than ? { overConsensus: only(textIntervals(texts, truth, { than })) } : {}),
  };
}

/** Figures of a split by name of the way to write; `near` is the search without the model: no hypotheses, no likelihoods. */
export async function measureSplit(model: OpenedModel, { studies, train }: Texts, settings: ConsensusSettings): Promise<Record<string, Row>> {
  const queries = studies.map(({ findings }) => findings);
  const truth = studies.map(({ impression }) => impression);
  const corpus = { findings: train.map(({ findings }) => findings), impressions: train.map(({ impression }) => impression) };
  const gather = consensusEvidence(model, train, { k: settings.k, beams: settings.hypotheses > 0 ? settings.beams : 0 });
  const [evidence, greedy]: [ConsensusEvidence[], string[]] = [[], []];
  for (let start = 0; start < queries.length; start += batchSize) {
    const batch = queries.slice(start, start + batchSize);
    evidence.push(...(await gather(batch)));
    greedy.push(...(await model.generate({ findings: batch })).map(({ text }) => text));
  }
  const by = (writing: ConsensusSettings) => evidence.map((study) => study.texts[consensusScores(study, writing)[0]!.text]!);
  const consensus = consensusTexts(queries, corpus).map((index) => corpus.impressions[index]!);
  return {
    search: rowOf(by(settings), truth, consensus),
    near: rowOf(by({ ...settings, hypotheses: 0, likelihood: 0 }), truth, consensus),
    greedy: rowOf(greedy, truth, consensus),
    consensus: rowOf(consensus, truth),
  };
}
