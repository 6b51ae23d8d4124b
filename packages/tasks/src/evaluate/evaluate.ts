// Evaluates a model, a checkpoint or exported graphs, on a split: losses, texts beside baselines, retrieval, zero-shot classification, labels.
import type { SelectOptions, Study } from '@hybridmed/data';
import { openDataSet } from '@hybridmed/data';
import type { OpenedModel } from '@hybridmed/runtime';
import { studyLoader, readableStudies } from '@hybridmed/runtime';
import { hashIds } from '@hybridmed/runtime/run';
import type { Device } from '@hybridmed/tensor';
import { HybridmedError } from '@hybridmed/tensor';
import type { AlignmentSection } from './alignment-section.ts';
import { alignmentSection } from './alignment-section.ts';
import { evaluationBatch } from './evaluation-plan.ts';
import { lossSection } from './loss-section.ts';
import { openLosses } from './losses.ts';
import type { EvaluationReport } from './report.ts';
import type { PublishedMetricsOptions } from '../text-metrics/published-metrics.ts';
import { openPublishedMetrics } from '../text-metrics/published-metrics.ts';
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
  /** Computes the losses from what exported graphs give. */
  readonly device: Device;
  readonly onMessage?: (text: string) => void;
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** The studies to evaluate, and those that the baselines know. Throws one line where there are none of either. */
async function openStudies(options: EvaluateOptions): Promise<{ studies: readonly Study[]; train: readonly Study[] }> {
  const { data: spec, split = 'test', limit = 0, select = {}, onMessage } = options;
  const data = await openDataSet(spec, { ...select, need: 'pairs' });
  const ofSplit = data.studies.filter((study) => study.split === split);
  const { studies, unreadable } = await readableStudies(limit > 0 ? ofSplit.slice(0, limit) : ofSplit);
  for (const line of unreadable) onMessage?.(`left out: ${line}`);
  // Findings repeat word for word: which of equals is nearest must not depend on how a data set lists its studies.
  const train = data.studies.filter((study) => study.split === 'train').toSorted((a, b) => compare(a.report, b.report) || compare(a.image, b.image));
  if (studies.length === 0) throw new HybridmedError(`${spec}: no readable studies in the split "${split}"; name another with --split`);
  if (train.length === 0) throw new HybridmedError(`${spec}: no training studies, which the baselines need; add some`);
  return { studies, train };
}

const noAlignment: AlignmentSection = { report: { zeroShot: [] }, byStudy: [] };

/** Who computes, in words. */
const computedBy = ({ info, traced }: OpenedModel, device: Device): string => (traced ? info.device : `${info.device}, losses by ${device.info.name}`);

/** Evaluates. Throws one line for a part that the model lacks, a data set without the split, or unreadable files. */
export async function evaluate(options: EvaluateOptions): Promise<EvaluationReport> {
  const { model, data: spec, split = 'test', device, onMessage = () => undefined } = options;
  const hasImageBranch = model.info.stage === 2;
  const losses = await openLosses(model, device);
  const publishedMetrics = await openPublishedMetrics(options, device).catch((error: unknown) => {
    losses.release();
    throw error;
  });
  try {
    const { studies, train } = await openStudies(options);
    const loader = studyLoader(model.info, { studies, tokenizer: model.tokenizer, batchSize: evaluationBatch, train: false });
    try {
      onMessage(`losses of ${studies.length} studies`);
      const lossValues = await lossSection(model, losses, loader, train);
      onMessage('writing impressions');
      const texts = await textSection(model, loader, train);
      const truth = studies.map(({ impression }) => impression);
      const published = await publishedMetrics.of(texts.texts, truth, onMessage);
      onMessage('retrieval and zero-shot classification');
      const alignment = hasImageBranch ? await alignmentSection(model, loader, spec) : noAlignment;
      return {
        checkpoint: model.info.source,
        data: spec,
        split,
        studies: studies.length,
        device: computedBy(model, device),
        inputs: { checkpoint: await model.weightsHash(), studies: hashIds(studies) },
        ...lossValues.report,
        text: texts.text,
        ...alignment.report,
        ...(texts.labels ? { labels: texts.labels } : {}),
        ...published,
        examples: studies.map(({ id, impression }, i) => ({
          id,
          truth: impression,
          ...texts.byStudy[i]!,
          ...lossValues.byStudy[i]!,
          ...alignment.byStudy[i],
        })),
      };
    } finally {
      await loader.close();
    }
  } finally {
    losses.release();
    await publishedMetrics.close();
  }
}
