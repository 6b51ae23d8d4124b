// The frozen fronts of a stage's encoders, of images and of texts, before the graphs of the model behind them.
import type { Model } from '@hybridmed/model';
import type { StagePlan, TextName } from '@hybridmed/model/graphs';
import { stepFields } from '@hybridmed/model/graphs';
import type { DeviceState } from '@hybridmed/tensor';
import type { TrainingRun } from '../contracts/training-run.ts';
import type { FrontStep } from './front-step.ts';
import { asTheyAre } from './front-step.ts';
import { openImageFront, withoutImages } from './image-front.ts';
import { memoryStore } from './memory-store.ts';
import type { TextFrontOfStage } from './text-front.ts';
import { openTextFront } from './text-front.ts';

/** What a stage trains behind its frozen fronts, and the steps that its batches go through. */
export interface StageFront {
  readonly model: Model;
  readonly train: FrontStep;
  readonly validation: FrontStep;
  /** Of training studies' findings, which the teacher reads once. */
  readonly teacher: FrontStep;
  /** Of findings that impressions are written from. */
  readonly writing: FrontStep;
  release(): void;
}

/** Images through their step, then the texts that are read. */
const withTexts = (images: FrontStep, front: TextFrontOfStage, texts: readonly TextName[], keep?: boolean): FrontStep => ({
  ...(images.known && { known: images.known }),
  apply: async (arrays, batch) => front.texts.apply(await images.apply(arrays, batch), texts, keep),
});

/** Opens the fronts of a stage on its state. What they make is kept in one place. */
export async function openFronts(run: TrainingRun, state: DeviceState, plan: StagePlan): Promise<StageFront> {
  const { model, features: keeping = {} } = run;
  const store = keeping.store ?? memoryStore(keeping.memoryBytes ?? 2 ** 30);
  const images = stepFields(plan, model).includes('image') ? await openImageFront(run, state, store) : withoutImages(model);
  const texts = await openTextFront({ ...run, model: images.model }, state, plan, store);
  if (!texts) return { ...images, teacher: asTheyAre, writing: asTheyAre };
  return {
    model: texts.model,
    train: withTexts(images.train, texts, texts.train),
    validation: withTexts(images.validation, texts, texts.validation),
    teacher: withTexts(asTheyAre, texts, ['findings'], texts.keepsTeachers || texts.train.includes('findings')),
    writing: withTexts(asTheyAre, texts, ['findings']),
    release() {
      images.release();
      texts.release();
    },
  };
}
