// The losses of an evaluation: over the split, per token with intervals, and study by study; the control is every study with other patients' images.
import type { Loader, Study } from '@hybridmed/data';
import { bootstrap } from '@hybridmed/eval';
import { mismatchGap } from '@hybridmed/eval/generation';
import type { ModelSession } from '@hybridmed/model/session';
import { judgesImages } from './evaluation-plan.ts';
import type { ImageLosses } from './image-losses.ts';
import { imageLosses } from './image-losses.ts';
import type { Losses } from './losses.ts';
import { normalLikelihood, normalScores, normalSentences } from './normal-sentences.ts';
import type { CaptioningLosses, EvaluationReport, Example } from './report.ts';
import type { StudyLosses } from './study-losses.ts';
import { perToken } from './study-losses.ts';

/** What the losses add to the report, and to each study's example. */
export interface LossSection {
  readonly report: Pick<EvaluationReport, 'losses' | 'captioning' | 'normalLikelihood' | 'perToken'>;
  readonly byStudy: readonly Pick<Example, 'loss' | 'normalSentences'>[];
}

const meanOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Each study's loss with wrong images, the mean over shuffles; undefined where nothing was shuffled. */
const mismatchedLosses = ({ own, mismatched }: ImageLosses): number[] | undefined =>
  mismatched.length === 0 ? undefined : own.nats.map((_, i) => meanOf(mismatched.map((nats) => nats[i]!)));

function captioningLosses({ own, mismatched }: ImageLosses, wrong: readonly number[]): CaptioningLosses {
  const all = Array.from(own.nats.keys());
  const { draws, perStudy, perToken: difference, byDraw } = mismatchGap(own.nats, mismatched, own.tokens);
  return {
    draws,
    perToken: perToken(own, all),
    shuffledPerToken: perToken({ nats: wrong, tokens: own.tokens }, all),
    shuffled: meanOf(wrong),
    difference,
    perStudy,
    byDraw,
  };
}

/** Losses of a loader's studies; normal sentences are those of the training studies. */
export async function lossSection({ info }: ModelSession, lossesOf: Losses, loader: Loader, train: readonly Study[]): Promise<LossSection> {
  const losses = await lossesOf.ofSplit(loader);
  const { studies } = loader;
  const interval = (of: StudyLosses) => bootstrap(studies.length, (indices) => perToken(of, indices));
  const findings = await lossesOf.ofFindings(loader);
  const textLoss = (i: number) => ({ findings: findings.nats[i]!, tokens: findings.tokens[i]! });
  if (!judgesImages(info)) {
    const blind = info.stage === 2 ? await lossesOf.withoutImages(loader) : undefined;
    return {
      report: { losses, perToken: { ...(blind ? { image: interval(blind) } : {}), findings: interval(findings) } },
      byStudy: studies.map((_, i) => ({ loss: { ...textLoss(i), ...(blind ? { image: blind.nats[i]! } : {}) } })),
    };
  }
  const sentences = normalSentences(train);
  const decoder = await lossesOf.imageDecoder();
  const image = await imageLosses(decoder, loader, { sentences }).finally(() => decoder.release());
  const wrong = mismatchedLosses(image);
  const scores = normalScores(studies, image.sentences);
  const normal = normalLikelihood(studies, sentences, image.sentences);
  return {
    report: {
      losses,
      ...(wrong ? { captioning: captioningLosses(image, wrong) } : {}),
      ...(normal ? { normalLikelihood: normal } : {}),
      perToken: { image: interval(image.own), findings: interval(findings) },
    },
    byStudy: studies.map((_, i) => ({
      loss: { ...textLoss(i), image: image.own.nats[i]!, ...(wrong ? { mismatchedImage: wrong[i]! } : {}) },
      ...(scores[i] ? { normalSentences: scores[i] } : {}),
    })),
  };
}
