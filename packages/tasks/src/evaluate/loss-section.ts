// The losses of an evaluation: over the split, per token with intervals, and study by study; the control is every study with other patients' images.
import type { Loader, Study } from '@hybridmed/data';
import { bootstrap } from '@hybridmed/eval';
import { mismatchGap } from '@hybridmed/eval/generation';
import type { ModelSession } from '@hybridmed/model/session';
import { lossesOfTotals } from '@hybridmed/training';
import { judgesImages } from './evaluation-plan.ts';
import type { ImageLosses } from './image-losses.ts';
import { imageLosses } from './image-losses.ts';
import type { Losses } from './losses.ts';
import { normalLikelihood, normalScores, normalSentences } from './normal-sentences.ts';
import type { EvaluatedModel, ImagePiece, Measurements, NatsPiece, Share } from './measurements.ts';
import { batchesOf, joinedRows } from './measurements.ts';
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

const piece = ({ nats, tokens }: StudyLosses): NatsPiece => ({ nats: Float64Array.from(nats), tokens: Float64Array.from(tokens) });

const joined = (pieces: readonly NatsPiece[]): StudyLosses => ({
  nats: pieces.flatMap(({ nats }) => Array.from(nats)),
  tokens: pieces.flatMap(({ tokens }) => Array.from(tokens)),
});

/** What is measured of losses. */
type LossMeasurements = Pick<Measurements, 'totals' | 'findings' | 'image' | 'withoutImages'>;

/** The losses of this share of a loader's studies. */
export async function measureLosses(
  { info }: ModelSession,
  lossesOf: Losses,
  { loader, train, share }: { readonly loader: Loader; readonly train: readonly Study[]; readonly share: Share },
): Promise<LossMeasurements> {
  const totals = await lossesOf.totals(loader, share);
  const findings = [piece(await lossesOf.ofFindings(loader, share))];
  if (!judgesImages(info)) {
    const blind = info.stage === 2 ? await lossesOf.withoutImages(loader, share) : undefined;
    return { totals, findings, image: [], withoutImages: blind ? [piece(blind)] : [] };
  }
  const decoder = await lossesOf.imageDecoder();
  const options = { sentences: normalSentences(train), own: share(batchesOf(loader)) };
  const { own, mismatched, sentences } = await imageLosses(decoder, loader, options).finally(() => decoder.release());
  const image = { ...piece(own), mismatched: mismatched.map((nats) => Float64Array.from(nats)), sentences: Float64Array.from(sentences.data) };
  return { totals, findings, image: own.nats.length === 0 ? [] : [image], withoutImages: [] };
}

/** All studies' losses of the image branch, from pieces. */
function imageLossesOf(pieces: readonly ImagePiece[], sentences: number): ImageLosses {
  const draws = pieces[0]?.mismatched.length ?? 0;
  return {
    own: joined(pieces),
    mismatched: Array.from({ length: draws }, (_, draw) => pieces.flatMap(({ mismatched }) => Array.from(mismatched[draw] ?? []))),
    sentences: joinedRows(
      pieces.map((each) => each.sentences),
      sentences,
    ),
  };
}

/** The losses of the report; normal sentences are those of the training studies. */
export function lossSection(
  measured: LossMeasurements,
  { studies, train, model }: { readonly studies: readonly Study[]; readonly train: readonly Study[]; readonly model: EvaluatedModel },
): LossSection {
  const { losses } = lossesOfTotals(measured.totals);
  const interval = (of: StudyLosses) => bootstrap(studies.length, (indices) => perToken(of, indices));
  const findings = joined(measured.findings);
  const textLoss = (i: number) => ({ findings: findings.nats[i]!, tokens: findings.tokens[i]! });
  if (!judgesImages(model)) {
    const blind = measured.withoutImages.length > 0 ? joined(measured.withoutImages) : undefined;
    return {
      report: { losses, perToken: { ...(blind ? { image: interval(blind) } : {}), findings: interval(findings) } },
      byStudy: studies.map((_, i) => ({ loss: { ...textLoss(i), ...(blind ? { image: blind.nats[i]! } : {}) } })),
    };
  }
  const sentences = normalSentences(train);
  const image = imageLossesOf(measured.image, sentences.length);
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
