// The losses of an evaluation: over the split, per token with intervals, and study by study; the control is every study with another's image.
import type { Loader, Study } from '@hybridmed/data';
import { bootstrap } from '@hybridmed/eval';
import type { Losses } from './losses.ts';
import { permuteImages } from './permute-images.ts';
import type { EvaluationReport, Example } from './report.ts';
import type { StudyLosses } from './study-losses.ts';
import { perToken } from './study-losses.ts';

/** What the losses add to the report, and to each study's example. */
export interface LossSection {
  readonly report: Pick<EvaluationReport, 'losses' | 'captioning' | 'perToken'>;
  readonly byStudy: readonly Pick<Example, 'loss'>[];
}

/**
 * Losses of a loader's studies. `loaderOf` makes a loader of other studies, for those where each study gets another one's image; without it
 * the model has no image branch.
 */
export async function lossSection(
  { ofSplit, ofStudies }: Losses,
  loader: Loader,
  loaderOf: ((studies: readonly Study[]) => Loader) | undefined,
): Promise<LossSection> {
  const losses = await ofSplit(loader);
  const count = loader.studies.length;
  const interval = (of: StudyLosses) => bootstrap(count, (indices) => perToken(of, indices));
  const findings = await ofStudies('findings', loader);
  const textLoss = (i: number) => ({ findings: findings.nats[i]!, tokens: findings.tokens[i]! });
  if (!loaderOf) return { report: { losses, perToken: { findings: interval(findings) } }, byStudy: loader.studies.map((_, i) => ({ loss: textLoss(i) })) };
  const image = await ofStudies('image', loader);
  const permuted = loaderOf(permuteImages(loader.studies));
  const mismatched = await ofStudies('image', permuted).finally(() => permuted.close());
  const all = Array.from(loader.studies.keys());
  return {
    report: {
      losses,
      captioning: {
        perToken: perToken(image, all),
        shuffledPerToken: perToken(mismatched, all),
        shuffled: mismatched.nats.reduce((a, b) => a + b, 0) / count,
        difference: bootstrap(count, (indices) => perToken(mismatched, indices) - perToken(image, indices)),
      },
      perToken: { image: interval(image), findings: interval(findings) },
    },
    byStudy: all.map((i) => ({ loss: { ...textLoss(i), image: image.nats[i]!, mismatchedImage: mismatched.nats[i]! } })),
  };
}
