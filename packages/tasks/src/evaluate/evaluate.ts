// Evaluates a model, a checkpoint or exported graphs, on a split: losses, texts beside baselines, retrieval, zero-shot classification, labels.
import type { Loader, SelectOptions, Study } from '@hybridmed/data';
import { openDataSet } from '@hybridmed/data';
import type { LikelihoodRatio } from '@hybridmed/model';
import { partOfBranch } from '@hybridmed/model';
import type { OpenedModel } from '@hybridmed/runtime';
import { studyLoader, readableStudies } from '@hybridmed/runtime';
import { hashIds } from '@hybridmed/runtime/run';
import type { Device } from '@hybridmed/tensor';
import { HybridmedError } from '@hybridmed/tensor';
import type { RatioStudies } from '../ratio/fit-ratio.ts';
import { chooseLikelihoodRatio, ratioStudies } from '../ratio/fit-ratio.ts';
import type { PublishedMetrics, PublishedMetricsOptions } from '../text-metrics/published-metrics.ts';
import { openPublishedMetrics } from '../text-metrics/published-metrics.ts';
import type { AlignmentSection } from './alignment-section.ts';
import { alignmentSection, imageVectors } from './alignment-section.ts';
import { evaluationBatch, judgesImages } from './evaluation-plan.ts';
import { hasImageLabels, imageLabelRows } from './image-label-section.ts';
import { lossSection } from './loss-section.ts';
import type { Losses } from './losses.ts';
import { openLosses } from './losses.ts';
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
  /**
   * Impressions from images by likelihood ratio: by default by the model's own, where it has one and the split is not that which chose it;
   * true chooses one on the validation studies, which is not kept.
   */
  readonly likelihoodRatio?: boolean | undefined;
  /** Computes the losses from what exported graphs give. */
  readonly device: Device;
  readonly onMessage?: (text: string) => void;
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Studies to evaluate, those that the baselines know, and those that choose how to write, where that is asked for. */
interface EvaluatedStudies {
  readonly studies: readonly Study[];
  readonly train: readonly Study[];
  readonly choosing?: RatioStudies;
}

/** Throws one line where there are none that are needed. */
async function openStudies({ data: spec, split = 'test', limit = 0, select = {}, likelihoodRatio, onMessage }: EvaluateOptions): Promise<EvaluatedStudies> {
  const data = await openDataSet(spec, { ...select, need: 'pairs' });
  const ofSplit = (name: Study['split']) => data.studies.filter((study) => study.split === name);
  if (likelihoodRatio && split === 'validate')
    throw new HybridmedError(`${spec}: the likelihood ratio is chosen on the split "validate"; evaluate it on another, such as test`);
  const { studies, unreadable } = await readableStudies(limit > 0 ? ofSplit(split).slice(0, limit) : ofSplit(split));
  for (const line of unreadable) onMessage?.(`left out: ${line}`);
  // Findings repeat word for word: which of equals is nearest must not depend on how a data set lists its studies.
  const train = ofSplit('train').toSorted((a, b) => compare(a.report, b.report) || compare(a.image, b.image));
  if (studies.length === 0) throw new HybridmedError(`${spec}: no readable studies in the split "${split}"; name another with --split`);
  if (train.length === 0) throw new HybridmedError(`${spec}: no training studies, which the baselines need; add some`);
  return { studies, train, ...(likelihoodRatio ? { choosing: { ...(await ratioStudies(data, { onMessage })), train } } : {}) };
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

/** How impressions are written by likelihood ratio: as is chosen now, or as the model keeps it; undefined where it is not evaluated. */
function ratioOf(
  { model, split = 'test', onMessage }: EvaluateOptions,
  { choosing }: EvaluatedStudies,
): Promise<LikelihoodRatio | undefined> | LikelihoodRatio | undefined {
  if (choosing) return chooseLikelihoodRatio(model, choosing, { onMessage });
  if (split !== 'validate' || !model.info.likelihoodRatio) return model.info.likelihoodRatio;
  onMessage?.('the likelihood ratio was chosen on the split "validate", on which it is not evaluated');
  return undefined;
}

/** Every section of the report, for studies that are there. */
async function reportOf(options: EvaluateOptions, losses: Losses, published: PublishedMetrics, of: EvaluatedStudies): Promise<EvaluationReport> {
  const { model, data, split = 'test', device, onMessage = () => undefined } = options;
  const { studies, train } = of;
  const hasImageBranch = judgesImages(model.info);
  const withoutImages = !model.info.readsImages;
  const loader = loaderOf(model, studies);
  try {
    if (withoutImages) onMessage(withoutImagesNote);
    onMessage(`losses of ${studies.length} studies`);
    const lossValues = await lossSection(model, losses, loader, train);
    const ratio = await ratioOf(options, of);
    onMessage('writing impressions');
    const texts = await textSection(model, loader, train, ratio);
    const truth = studies.map(({ impression }) => impression);
    const publishedTables = await published.of(texts.texts, truth, onMessage);
    if (hasImageBranch) onMessage('retrieval and zero-shot classification');
    const labelled = hasImageBranch && hasImageLabels(model);
    if (hasImageBranch && model.info.labels && !labelled)
      onMessage('image labels and their loss are left out: the encoder itself was not exported (--part vision)');
    const vectors = hasImageBranch ? await imageVectors(model, loader, labelled ? ['embedding', 'global'] : ['embedding']) : undefined;
    const alignment = vectors ? await alignmentSection(model, vectors.embedding, studies, data) : noAlignment;
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
      ...(ratio ? { likelihoodRatio: ratio } : {}),
      ...alignment.report,
      ...(labelled ? { imageLabels: imageLabelRows(model, vectors!.global, studies) } : {}),
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
  model.require(partOfBranch.findings);
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
