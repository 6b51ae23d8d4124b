// Makes the report of an evaluation of what a model was found to give: no model is asked anything here.
import { hashIds } from '@hybridmed/runtime/run';
import type { PublishedMetrics } from '../text-metrics/published-metrics.ts';
import type { AlignmentSection } from './alignment-section.ts';
import { alignmentSection } from './alignment-section.ts';
import type { StudyOptions } from './evaluated-studies.ts';
import { judgesImages } from './evaluation-plan.ts';
import { lossSection } from './loss-section.ts';
import { labelHeadSection } from './label-head-section.ts';
import type { Measured } from './measured.ts';
import { joinedVectors } from './measurements.ts';
import type { EvaluationReport } from './report.ts';
import { textSection } from './text-section.ts';

const noAlignment: AlignmentSection = { report: { zeroShot: [] }, byStudy: [] };

/** Every section of the report, of the measurements of all studies. */
export async function assembleReport(
  { data, split = 'test', onMessage = () => undefined }: StudyOptions,
  { model, of, measurements, ratio }: Measured,
  published: PublishedMetrics,
): Promise<EvaluationReport> {
  const { studies, train } = of;
  const losses = lossSection(measurements, { studies, train, model });
  const texts = textSection(measurements, { studies, train, hasRatio: ratio !== undefined });
  const truth = studies.map(({ impression }) => impression);
  const publishedTables = await published.of(texts.texts, truth, onMessage);
  const alignment = judgesImages(model) ? await alignmentSection(measurements, { studies, spec: data, model }) : noAlignment;
  const head = measurements.encoderVectors.length > 0 ? labelHeadSection(model, joinedVectors(measurements.encoderVectors), studies) : undefined;
  return {
    checkpoint: model.checkpoint,
    data,
    split,
    studies: studies.length,
    device: model.device,
    inputs: { checkpoint: model.weights, studies: hashIds(studies) },
    ...(model.readsImages ? {} : { withoutImages: true }),
    ...losses.report,
    text: texts.text,
    ...(ratio ? { likelihoodRatio: ratio } : {}),
    ...alignment.report,
    ...head?.report,
    ...(texts.labels ? { labels: texts.labels } : {}),
    ...publishedTables,
    examples: studies.map(({ id }, i) => ({ id, truth: truth[i]!, ...texts.byStudy[i]!, ...losses.byStudy[i]!, ...alignment.byStudy[i], ...head?.byStudy[i] })),
  };
}
