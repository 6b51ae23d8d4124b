// Impressions of images by likelihood ratio, on any open model that has one: a checkpoint or its export, in Node or in a browser.
import type { Vectors } from '@hybridmed/eval';
import type { RatioChoice } from '@hybridmed/eval/generation';
import { chooseByRatio } from '@hybridmed/eval/generation';
import type { LikelihoodRatio } from '@hybridmed/model';
import { partOfBranch } from '@hybridmed/model';
import type { CallOptions, ModelSession } from '@hybridmed/model/session';
import { noRatioError } from '@hybridmed/model/session';
import type { HostArray } from '@hybridmed/tensor';

/** A candidate with its log-likelihood less the weight times its mean over validation images, in nats. */
export interface ScoredImpression {
  readonly text: string;
  readonly score: number;
}

/** What is written for one image. */
export interface RatioImpression extends ScoredImpression {
  /** Whether it names a finding: the naming score is above the threshold. Else the most frequent impression that names none is written. */
  readonly namesFinding: boolean;
  /** log P(candidates that name a finding) - log P(the others), and what it is compared with. */
  readonly namingScore: number;
  readonly threshold: number;
  /** The next candidates that name a finding, the best first. */
  readonly runnersUp: readonly ScoredImpression[];
}

/** Writes by likelihood ratio. */
export interface RatioWriter {
  /** Impressions of images (B, C, H, W). */
  write(images: HostArray, options?: CallOptions): Promise<RatioImpression[]>;
}

const mostRunnersUp = 5;

/** Log-likelihoods of candidates given images (B, C, H, W): (B, candidates). Each image is encoded once. */
export async function candidateLikelihoods(
  model: ModelSession,
  images: HostArray,
  candidates: LikelihoodRatio['candidates'],
  options?: CallOptions,
): Promise<Vectors> {
  const { memory } = await model.imageFeatures(images, ['memory'], options);
  const { data, shape } = await model.logLikelihoods(
    'image',
    { memory },
    candidates.map(({ text }) => text),
    options,
  );
  return { data: data as Float32Array, shape };
}

/** Opens writing by likelihood ratio on a model, by its own or by another one. Throws a SessionError of one line where the model has none, or no image branch. */
export function createRatioWriter(model: ModelSession, ratio: LikelihoodRatio | undefined = model.info.likelihoodRatio): RatioWriter {
  model.require(partOfBranch.image);
  if (!ratio) throw noRatioError(model.info.source);
  const { candidates, threshold } = ratio;
  const scored = ({ candidate, score }: { readonly candidate: number; readonly score: number }): ScoredImpression => ({
    text: candidates[candidate]!.text,
    score,
  });
  const written = (choice: RatioChoice): RatioImpression => ({
    ...scored(choice),
    namesFinding: choice.names,
    namingScore: choice.namingScore,
    threshold,
    runnersUp: choice.others.slice(0, mostRunnersUp).map(scored),
  });
  return { write: async (images, options) => chooseByRatio(ratio, await candidateLikelihoods(model, images, candidates, options)).map(written) };
}
