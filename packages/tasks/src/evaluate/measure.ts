// Asks a model what an evaluation needs of it, for this share of the studies.
import type { Loader, Study } from '@hybridmed/data';
import type { LikelihoodRatio } from '@hybridmed/model';
import type { OpenedModel } from '@hybridmed/runtime';
import { studyLoader } from '@hybridmed/runtime';
import { measureAlignment } from './alignment-section.ts';
import type { EvaluatedStudies } from './evaluated-studies.ts';
import { evaluationBatch, judgesImages } from './evaluation-plan.ts';
import { hasImageLabels, staleHeadNote } from './label-head-section.ts';
import { measureLosses } from './loss-section.ts';
import type { Losses } from './losses.ts';
import type { Measurements, Share } from './measurements.ts';
import { measureTexts } from './text-section.ts';

/** What is measured, of which model. */
export interface MeasureOptions {
  readonly model: OpenedModel;
  readonly losses: Losses;
  readonly of: EvaluatedStudies;
  /** Specification of the data set. */
  readonly spec: string;
  /** How impressions are also written from images. */
  readonly ratio: LikelihoodRatio | undefined;
  readonly share: Share;
  readonly onMessage: (text: string) => void;
}

/** What an evaluation of a model without images says of the sections that it lacks. */
const withoutImagesNote =
  'the model was trained without images: L_Cap is that of a decoder which reads none; texts from images, retrieval and zero-shot classification are left out';

/** A loader of studies as the model takes them. */
function loaderOf({ info, tokenizer, retrieval }: OpenedModel, studies: readonly Study[]): Loader {
  const open = (read: readonly Study[]) => studyLoader(info, { studies: read, tokenizer, batchSize: evaluationBatch, train: false });
  return retrieval ? retrieval.loader(studies, open) : open(studies);
}

/** Measures. Throws one line for unreadable files. */
export async function measure(options: MeasureOptions): Promise<Measurements> {
  const { model, losses, of, spec, ratio, share, onMessage } = options;
  const loader = loaderOf(model, of.studies);
  try {
    if (!model.info.readsImages) onMessage(withoutImagesNote);
    onMessage(`losses of ${of.studies.length} studies`);
    const ofLosses = await measureLosses(model, losses, { loader, train: of.train, share });
    onMessage('writing impressions');
    const texts = await measureTexts(model, { loader, ratio, share });
    if (judgesImages(model.info)) onMessage('retrieval and zero-shot classification');
    if (judgesImages(model.info) && hasImageLabels(model) && model.info.labels!.stale) onMessage(staleHeadNote);
    if (judgesImages(model.info) && model.info.labels && !hasImageLabels(model))
      onMessage('image labels and their loss are left out: the encoder itself was not exported (--part vision)');
    const none = { imageVectors: [], encoderVectors: [], impressionVectors: [], promptVectors: [] };
    const alignment = judgesImages(model.info) ? await measureAlignment(model, { loader, spec, share }) : none;
    return { ...ofLosses, ...texts, ...alignment };
  } finally {
    await loader.close();
  }
}
