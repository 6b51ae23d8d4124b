// Choosing how a model writes by likelihood ratio: training studies give candidates, validation studies the weight and the threshold.
import type { DataSet, Loader, SelectOptions, Study } from '@hybridmed/data';
import { openDataSet } from '@hybridmed/data';
import type { Vectors } from '@hybridmed/eval';
import type { RatioWritingOptions } from '@hybridmed/eval/generation';
import { fitRatioWriting } from '@hybridmed/eval/generation';
import type { LikelihoodRatio, RatioCandidate } from '@hybridmed/model';
import { partOfBranch } from '@hybridmed/model';
import type { ModelSession } from '@hybridmed/model/session';
import { checkpointNeededError } from '@hybridmed/model/session';
import type { OpenedModel } from '@hybridmed/runtime';
import { readableStudies, studyLoader } from '@hybridmed/runtime';
import { hashIds, keepLikelihoodRatio } from '@hybridmed/runtime/run';
import { HybridmedError } from '@hybridmed/tensor';
import type { CandidateCounts } from './candidates.ts';
import { namesFinding, ratioCandidates } from './candidates.ts';
import { candidateLikelihoods } from './ratio-writer.ts';

// Images that are encoded together.
const batchSize = 32;

/** What is tried, and what is told. */
export interface RatioFitOptions extends CandidateCounts, Pick<RatioWritingOptions, 'ciderFraction'> {
  readonly onMessage?: ((text: string) => void) | undefined;
}

/** Studies that give candidates, and those that choose. */
export interface RatioStudies {
  readonly train: readonly Study[];
  readonly validation: readonly Study[];
}

/** The studies of an open data set that choose, without those whose image cannot be read. Throws one line where there are none. */
export async function ratioStudies({ spec, studies }: DataSet, { onMessage }: Pick<RatioFitOptions, 'onMessage'> = {}): Promise<RatioStudies> {
  const ofSplit = (name: Study['split']) => studies.filter(({ split }) => split === name);
  const { studies: validation, unreadable } = await readableStudies(ofSplit('validate'));
  for (const line of unreadable) onMessage?.(`left out: ${line}`);
  const train = ofSplit('train');
  if (train.length === 0) throw new HybridmedError(`${spec}: no training studies, whose impressions are the candidates; add some`);
  if (validation.length === 0) throw new HybridmedError(`${spec}: no validation studies, which choose the likelihood ratio; add some`);
  return { train, validation };
}

/** Log-likelihoods of candidates for each study of a loader, (studies, candidates). */
async function ofLoader(model: ModelSession, loader: Loader, candidates: readonly RatioCandidate[]): Promise<Vectors> {
  const data = new Float64Array(loader.studies.length * candidates.length);
  let at = 0;
  for await (const batch of loader.batches()) {
    const values = await candidateLikelihoods(model, batch.arrays.image, candidates);
    data.set(values.data, at);
    at += values.data.length;
  }
  return { data, shape: [loader.studies.length, candidates.length] };
}

const hasBoth = (kinds: readonly boolean[]): boolean => kinds.includes(true) && kinds.includes(false);

/**
 * Chooses on studies. Undefined where candidates or validation impressions all name a finding, or none does: there is nothing to choose.
 * Throws a SessionError where the model has no image branch.
 */
export async function chooseLikelihoodRatio(
  model: ModelSession,
  { train, validation }: RatioStudies,
  { ciderFraction = 0.9, onMessage, ...counts }: RatioFitOptions = {},
): Promise<LikelihoodRatio | undefined> {
  model.require(partOfBranch.image);
  const loader = studyLoader(model.info, { studies: validation, tokenizer: model.tokenizer, batchSize, train: false });
  try {
    const candidates = await ratioCandidates(model, { train, validation: loader }, counts);
    const impressions = validation.map(({ impression }) => impression);
    const names = impressions.map(namesFinding);
    if (!hasBoth(names) || !hasBoth(candidates.map((candidate) => candidate.names))) {
      onMessage?.('likelihood ratio: training or validation impressions all name a finding, or none does; nothing is written by it');
      return undefined;
    }
    onMessage?.(`likelihood ratio over ${candidates.length} impressions, chosen on ${validation.length} validation studies`);
    const logLikelihoods = await ofLoader(model, loader, candidates);
    const { writing, figures } = fitRatioWriting(candidates, { logLikelihoods, names, impressions }, { ciderFraction });
    return { ...writing, candidates, chosen: { ciderFraction, studies: validation.length, ids: hashIds(validation), ...figures } };
  } finally {
    await loader.close();
  }
}

/** What to choose it for, and on what. */
export interface FitRatioOptions extends RatioFitOptions {
  readonly model: OpenedModel;
  readonly data: string;
  readonly select?: SelectOptions;
}

/** What was chosen, and the checkpoint that keeps it. */
export interface FitRatioResult {
  readonly checkpoint: string;
  readonly likelihoodRatio: LikelihoodRatio;
}

/**
 * Chooses the likelihood ratio of a checkpoint and keeps it in its config.json, in place of an earlier one. Throws one line for exported
 * graphs, a stage-1 checkpoint, a data set without the splits, or impressions of one kind.
 */
export async function fitRatio({ model, data: spec, select = {}, ...options }: FitRatioOptions): Promise<FitRatioResult> {
  if (!model.traced) throw checkpointNeededError(model.info.source, 'choosing a likelihood ratio');
  model.require(partOfBranch.image);
  const data = await openDataSet(spec, { ...select, need: 'pairs' });
  const weights = await model.weightsHash();
  const likelihoodRatio = await chooseLikelihoodRatio(model, await ratioStudies(data, options), options);
  if (!likelihoodRatio) throw new HybridmedError(`${spec}: training or validation impressions all name a finding, or none does; nothing can be chosen`);
  return { checkpoint: await keepLikelihoodRatio(model.info.source, { likelihoodRatio, weights, data: data.spec }), likelihoodRatio };
}
