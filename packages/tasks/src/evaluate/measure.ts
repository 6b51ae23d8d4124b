// Asks a model what an evaluation needs of it, for this share of the studies.
import type { Loader, Study } from '@hybridmed/data';
import type { OpenedModel } from '@hybridmed/runtime';
import { studyLoader } from '@hybridmed/runtime';
import { measureAlignment } from './alignment-section.ts';
import type { EvaluatedStudies } from './evaluated-studies.ts';
import { evaluationBatch, judgesImages } from './evaluation-plan.ts';
import { measureLosses } from './loss-section.ts';
import type { Losses } from './losses.ts';
import type { Measurements, Share } from './measurements.ts';
import { batchesOf } from './measurements.ts';
import { isRatioPossible, ratioCandidates, ratioLikelihoods } from './ratio-texts.ts';
import { measureTexts } from './text-section.ts';

/** What is measured, of which model. */
export interface MeasureOptions {
  readonly model: OpenedModel;
  readonly losses: Losses;
  readonly of: EvaluatedStudies;
  /** Specification of the data set. */
  readonly spec: string;
  readonly likelihoodRatio: boolean;
  readonly share: Share;
  readonly onMessage: (text: string) => void;
}

/** What an evaluation of a model without images says of the sections that it lacks. */
const withoutImagesNote =
  'the model was trained without images: L_Cap is that of a decoder which reads none; texts from images, retrieval and zero-shot classification are left out';

/** A loader of studies as the model takes them. */
const loaderOf = (model: OpenedModel, studies: readonly Study[]): Loader =>
  studyLoader(model.info, { studies, tokenizer: model.tokenizer, batchSize: evaluationBatch, train: false });

/** Log-likelihoods that impressions are written by, where they are asked for and there is something to choose. */
async function measureRatio(
  { model, losses, of, likelihoodRatio, share, onMessage }: MeasureOptions,
  loader: Loader,
): Promise<Pick<Measurements, 'ratioValidation' | 'ratioOwn'>> {
  if (!likelihoodRatio) return { ratioValidation: [], ratioOwn: [] };
  const candidates = ratioCandidates(of.train);
  onMessage(`likelihood ratio over ${candidates.length} impressions, chosen on ${of.validation.length} validation studies`);
  if (!isRatioPossible(candidates, of.validation)) {
    onMessage('likelihood ratio: training or validation impressions all name a finding, or none does; nothing is written by it');
    return { ratioValidation: [], ratioOwn: [] };
  }
  const [validation, decoder] = [loaderOf(model, of.validation), await losses.imageDecoder()];
  try {
    const ratioModel = { decoder, tokenizer: model.tokenizer, maxTokens: model.info.impressionLength };
    const likelihoods = async (from: Loader) => Float64Array.from((await ratioLikelihoods(ratioModel, candidates, from, share(batchesOf(from)))).data);
    return { ratioValidation: [await likelihoods(validation)], ratioOwn: [await likelihoods(loader)] };
  } finally {
    decoder.release();
    await validation.close();
  }
}

/** Measures. Throws one line for unreadable files. */
export async function measure(options: MeasureOptions): Promise<Measurements> {
  const { model, losses, of, spec, share, onMessage } = options;
  const loader = loaderOf(model, of.studies);
  try {
    if (!model.info.readsImages) onMessage(withoutImagesNote);
    onMessage(`losses of ${of.studies.length} studies`);
    const ofLosses = await measureLosses(model, losses, { loader, train: of.train, share });
    const ratio = await measureRatio(options, loader);
    onMessage('writing impressions');
    const texts = await measureTexts(model, loader, share);
    if (judgesImages(model.info)) onMessage('retrieval and zero-shot classification');
    const none = { imageVectors: [], impressionVectors: [], promptVectors: [] };
    const alignment = judgesImages(model.info) ? await measureAlignment(model, { loader, spec, share }) : none;
    return { ...ofLosses, ...ratio, ...texts, ...alignment };
  } finally {
    await loader.close();
  }
}
