// The losses of an evaluation: over the split, per token with intervals, and study by study; the control is every study with another's image.
import type { Loader } from '@hybridmed/data';
import { bootstrap } from '@hybridmed/eval';
import type { EvaluatedModel } from './evaluated-model.ts';
import { permuteImages } from './permute-images.ts';
import type { EvaluationReport, Example } from './report.ts';
import type { StudyLosses } from './study-losses.ts';
import { perToken } from './study-losses.ts';

/** What the losses add to the report, and to each study's example. */
export interface LossSection {
  readonly report: Pick<EvaluationReport, 'losses' | 'captioning' | 'perToken'>;
  readonly byStudy: readonly Pick<Example, 'loss'>[];
}

/** Losses of the image branch when each study gets another study's image. */
async function mismatchedLosses(model: EvaluatedModel, loader: Loader): Promise<StudyLosses> {
  const mismatched = model.loader(permuteImages(loader.studies));
  const losses = await model.studyLosses('image', mismatched);
  await mismatched.close();
  return losses;
}

/** Losses of a loader's studies. */
export async function lossSection(model: EvaluatedModel, loader: Loader): Promise<LossSection> {
  const losses = await model.losses(loader);
  const count = loader.studies.length;
  const interval = (of: StudyLosses) => bootstrap(count, (indices) => perToken(of, indices));
  const findings = await model.studyLosses('findings', loader);
  const textLoss = (i: number) => ({ findings: findings.nats[i]!, tokens: findings.tokens[i]! });
  if (!model.hasImageBranch)
    return { report: { losses, perToken: { findings: interval(findings) } }, byStudy: loader.studies.map((_, i) => ({ loss: textLoss(i) })) };
  const image = await model.studyLosses('image', loader);
  const mismatched = await mismatchedLosses(model, loader);
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
