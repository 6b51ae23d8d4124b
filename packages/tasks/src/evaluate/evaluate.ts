// Evaluates a model, a checkpoint or exported graphs, on a split: losses, texts beside baselines, retrieval, zero-shot classification, labels.
import type { LikelihoodRatio } from '@hybridmed/model';
import { partOfBranch } from '@hybridmed/model';
import type { OpenedModel } from '@hybridmed/runtime';
import type { Device } from '@hybridmed/tensor';
import { chooseLikelihoodRatio } from '../ratio/fit-ratio.ts';
import type { PublishedMetricsOptions } from '../text-metrics/published-metrics.ts';
import { openPublishedMetrics } from '../text-metrics/published-metrics.ts';
import { assembleReport } from './assemble.ts';
import type { EvaluatedStudies, StudyOptions } from './evaluated-studies.ts';
import { openStudies } from './evaluated-studies.ts';
import { openLosses } from './losses.ts';
import { measure } from './measure.ts';
import type { Measured } from './measured.ts';
import type { EvaluatedModel, Share } from './measurements.ts';
import type { EvaluationReport } from './report.ts';

/** What is asked of a model, on what. */
export interface MeasuredOptions extends StudyOptions {
  readonly model: OpenedModel;
  /** Computes the losses from what exported graphs give. */
  readonly device: Device;
}

/** What to evaluate, on what. */
export interface EvaluateOptions extends PublishedMetricsOptions, MeasuredOptions {}

/** The model in a report. */
async function evaluatedModel({ info, traced, weightsHash }: OpenedModel, device: Device): Promise<EvaluatedModel> {
  return {
    checkpoint: info.source,
    stage: info.stage,
    readsImages: info.readsImages,
    ...(info.labels ? { labels: info.labels, lossParameters: info.lossParameters } : {}),
    device: traced ? info.device : `${info.device}, losses by ${device.info.name}`,
    weights: await weightsHash(),
  };
}

/** How impressions are written by likelihood ratio: as is chosen now, or as the model keeps it; undefined where it is not evaluated. */
function ratioOf(
  { model, split = 'test', onMessage }: MeasuredOptions,
  { choosing }: EvaluatedStudies,
): Promise<LikelihoodRatio | undefined> | LikelihoodRatio | undefined {
  if (choosing) return chooseLikelihoodRatio(model, choosing, { onMessage });
  if (split !== 'validate' || !model.info.likelihoodRatio) return model.info.likelihoodRatio;
  onMessage?.('the likelihood ratio was chosen on the split "validate", on which it is not evaluated');
  return undefined;
}

/** Measures this share. Throws one line for a part that the model lacks, a data set without the split, or unreadable files. */
export async function measureShare(options: MeasuredOptions, share: Share, whenOpen: () => Promise<void> = () => Promise.resolve()): Promise<Measured> {
  const { model, device, data: spec, likelihoodRatio, onMessage = () => undefined } = options;
  model.require(partOfBranch.findings);
  if (likelihoodRatio) model.require(partOfBranch.image);
  const losses = await openLosses(model, device);
  try {
    await whenOpen();
    const of = await openStudies(options);
    const ratio = await ratioOf(options, of);
    const measurements = await measure({ model, losses, of, spec, ratio, share, onMessage });
    return { model: await evaluatedModel(model, device), of, measurements, ratio };
  } finally {
    losses.release();
  }
}

/** Evaluates. Throws one line for a part that the model lacks, a data set without the split, or unreadable files. */
export async function evaluate(options: EvaluateOptions): Promise<EvaluationReport> {
  let published: Awaited<ReturnType<typeof openPublishedMetrics>> | undefined;
  try {
    const measured = await measureShare(
      options,
      (items) => [0, items],
      async () => {
        published = await openPublishedMetrics(options, options.device);
      },
    );
    return await assembleReport(options, measured, published!);
  } finally {
    await published?.close();
  }
}
