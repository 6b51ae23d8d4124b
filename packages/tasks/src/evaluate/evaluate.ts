// Evaluates a model, a checkpoint or exported graphs, on a split: losses, texts beside baselines, retrieval, zero-shot classification, labels.
import type { Loader, SelectOptions, Study } from '@hybridmed/data';
import { openDataSet } from '@hybridmed/data';
import { partOfBranch } from '@hybridmed/model';
import type { OpenedModel } from '@hybridmed/runtime';
import { studyLoader, readableStudies } from '@hybridmed/runtime';
import { hashIds } from '@hybridmed/runtime/run';
import type { Device } from '@hybridmed/tensor';
import { HybridmedError } from '@hybridmed/tensor';
import type { PublishedMetrics, PublishedMetricsOptions } from '../text-metrics/published-metrics.ts';
import { openPublishedMetrics } from '../text-metrics/published-metrics.ts';
import type { AlignmentSection } from './alignment-section.ts';
import { alignmentSection } from './alignment-section.ts';
import { evaluationBatch, judgesImages } from './evaluation-plan.ts';
import { lossSection } from './loss-section.ts';
import type { Losses } from './losses.ts';
import { openLosses } from './losses.ts';
import type { RatioTexts } from './ratio-texts.ts';
import { ratioCandidates, ratioTexts } from './ratio-texts.ts';
import type { EvaluationReport } from './report.ts';
import { textSection } from './text-section.ts';

/** What to evaluate, on what. */
export interface EvaluateOptions extends PublishedMetricsOptions {
  readonly model: OpenedModel;
  readonly data: string;
  readonly split?: Study['split'];
  /** Max number of studies; 0 for all. */
  readonly limit?: number;
  /** What is taken of the data set: frontal views by default. */
  readonly select?: SelectOptions;
  /** Also writes impressions from images by likelihood ratio, which validation studies choose. */
  readonly likelihoodRatio?: boolean | undefined;
  /** Computes the losses from what exported graphs give. */
  readonly device: Device;
  readonly onMessage?: (text: string) => void;
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Studies to evaluate, those that the baselines know, and those that choose how to write. */
interface EvaluatedStudies {
  readonly studies: readonly Study[];
  readonly train: readonly Study[];
  readonly validation: readonly Study[];
}

/** Throws one line where there are none that are needed. */
async function openStudies({ data: spec, split = 'test', limit = 0, select = {}, likelihoodRatio, onMessage }: EvaluateOptions): Promise<EvaluatedStudies> {
  const data = await openDataSet(spec, { ...select, need: 'pairs' });
  const ofSplit = (name: Study['split']) => data.studies.filter((study) => study.split === name);
  const readable = async (of: readonly Study[]): Promise<readonly Study[]> => {
    const { studies, unreadable } = await readableStudies(of);
    for (const line of unreadable) onMessage?.(`left out: ${line}`);
    return studies;
  };
  if (likelihoodRatio && split === 'validate')
    throw new HybridmedError(`${spec}: the likelihood ratio is chosen on the split "validate"; evaluate it on another, such as test`);
  const studies = await readable(limit > 0 ? ofSplit(split).slice(0, limit) : ofSplit(split));
  // Findings repeat word for word: which of equals is nearest must not depend on how a data set lists its studies.
  const train = ofSplit('train').toSorted((a, b) => compare(a.report, b.report) || compare(a.image, b.image));
  const validation = likelihoodRatio ? await readable(ofSplit('validate')) : [];
  if (studies.length === 0) throw new HybridmedError(`${spec}: no readable studies in the split "${split}"; name another with --split`);
  if (train.length === 0) throw new HybridmedError(`${spec}: no training studies, which the baselines need; add some`);
  if (likelihoodRatio && validation.length === 0) throw new HybridmedError(`${spec}: no validation studies, which choose the likelihood ratio; add some`);
  return { studies, train, validation };
}

/** What an evaluation of a model without images says of the sections that it lacks. */
export const withoutImagesNote =
  'the model was trained without images: L_Cap is that of a decoder which reads none; texts from images, retrieval and zero-shot classification are left out';

const noAlignment: AlignmentSection = { report: { zeroShot: [] }, byStudy: [] };

/** Who computes, in words. */
const computedBy = ({ info, traced }: OpenedModel, device: Device): string => (traced ? info.device : `${info.device}, losses by ${device.info.name}`);

/** A loader of studies as the model takes them. */
function loaderOf({ info, tokenizer, retrieval }: OpenedModel, studies: readonly Study[]): Loader {
  const open = (read: readonly Study[]) => studyLoader(info, { studies: read, tokenizer, batchSize: evaluationBatch, train: false });
  return retrieval ? retrieval.loader(studies, open) : open(studies);
}

/** Impressions by likelihood ratio, where they are asked for and there is something to choose. */
async function writeRatio({ model, onMessage }: EvaluateOptions, losses: Losses, loader: Loader, of: EvaluatedStudies): Promise<RatioTexts | undefined> {
  const candidates = ratioCandidates(of.train);
  onMessage?.(`likelihood ratio over ${candidates.length} impressions, chosen on ${of.validation.length} validation studies`);
  const [validation, decoder] = [loaderOf(model, of.validation), await losses.imageDecoder()];
  try {
    const ratio = await ratioTexts({ decoder, tokenizer: model.tokenizer, maxTokens: model.info.impressionLength }, { candidates, validation, loader });
    if (!ratio) onMessage?.('likelihood ratio: training or validation impressions all name a finding, or none does; nothing is written by it');
    return ratio;
  } finally {
    decoder.release();
    await validation.close();
  }
}

/** Every section of the report, for studies that are there. */
async function reportOf(options: EvaluateOptions, losses: Losses, published: PublishedMetrics, of: EvaluatedStudies): Promise<EvaluationReport> {
  const { model, data, split = 'test', likelihoodRatio, device, onMessage = () => undefined } = options;
  const { studies, train } = of;
  const hasImageBranch = judgesImages(model.info);
  const withoutImages = !model.info.readsImages;
  const loader = loaderOf(model, studies);
  try {
    if (withoutImages) onMessage(withoutImagesNote);
    onMessage(`losses of ${studies.length} studies`);
    const lossValues = await lossSection(model, losses, loader, train);
    const ratio = likelihoodRatio ? await writeRatio(options, losses, loader, of) : undefined;
    onMessage('writing impressions');
    const texts = await textSection(model, loader, train, ratio?.texts);
    const truth = studies.map(({ impression }) => impression);
    const publishedTables = await published.of(texts.texts, truth, onMessage);
    if (hasImageBranch) onMessage('retrieval and zero-shot classification');
    const alignment = hasImageBranch ? await alignmentSection(model, loader, data) : noAlignment;
    return {
      checkpoint: model.info.source,
      data,
      split,
      studies: studies.length,
      device: computedBy(model, device),
      inputs: { checkpoint: await model.weightsHash(), studies: hashIds(studies) },
      ...(withoutImages ? { withoutImages } : {}),
      ...lossValues.report,
      text: texts.text,
      ...(ratio ? { ratioWriting: ratio.writing } : {}),
      ...alignment.report,
      ...(texts.labels ? { labels: texts.labels } : {}),
      ...publishedTables,
      examples: studies.map(({ id }, i) => ({ id, truth: truth[i]!, ...texts.byStudy[i]!, ...lossValues.byStudy[i]!, ...alignment.byStudy[i] })),
    };
  } finally {
    await loader.close();
  }
}

/** Evaluates. Throws one line for a part that the model lacks, a data set without the split, or unreadable files. */
export async function evaluate(options: EvaluateOptions): Promise<EvaluationReport> {
  const { model, device, likelihoodRatio } = options;
  if (likelihoodRatio) model.require(partOfBranch.image);
  const losses = await openLosses(model, device);
  try {
    const published = await openPublishedMetrics(options, device);
    try {
      return await reportOf(options, losses, published, await openStudies(options));
    } finally {
      await published.close();
    }
  } finally {
    losses.release();
  }
}
