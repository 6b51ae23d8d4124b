// Evaluates a checkpoint or an exported folder on a split: losses, texts beside baselines, retrieval, zero-shot classification, labels.
import type { SelectOptions, Study } from '@hybridmed/data';
import { openDataSet } from '@hybridmed/data';
import type { CheckpointEncoders } from '@hybridmed/runtime';
import { isExported, readableStudies } from '@hybridmed/runtime';
import { hashIds } from '@hybridmed/runtime/run';
import type { Device } from '@hybridmed/tensor';
import { HybridmedError } from '@hybridmed/tensor';
import type { AlignmentSection } from './alignment-section.ts';
import { alignmentSection } from './alignment-section.ts';
import { openEvaluatedCheckpoint } from './evaluated-checkpoint.ts';
import { openEvaluatedExport } from './evaluated-export.ts';
import { lossSection } from './loss-section.ts';
import type { EvaluationReport } from './report.ts';
import { textSection } from './text-section.ts';

/** What to evaluate, on what. */
export interface EvaluateOptions {
  /** A checkpoint, a run's folder, or an exported folder. */
  readonly checkpoint: string;
  readonly data: string;
  readonly split?: Study['split'];
  /** Max number of studies; 0 for all. */
  readonly limit?: number;
  /** What is taken of the data set: frontal views by default. */
  readonly select?: SelectOptions;
  readonly device: Device;
  /** Modules of the checkpoint's encoders, where they are modules'. */
  readonly encoders?: CheckpointEncoders;
  /** Threads of ONNX Runtime for an exported folder. */
  readonly threads?: number;
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

/** Evaluates. Throws one line for a missing checkpoint, a data set without the split, or unreadable files. */
export async function evaluate(options: EvaluateOptions): Promise<EvaluationReport> {
  const { checkpoint: path, data: spec, split = 'test', device, encoders = {}, threads, onMessage = () => undefined } = options;
  const model = isExported(path) ? await openEvaluatedExport(path, device, { threads }) : await openEvaluatedCheckpoint(path, device, encoders);
  try {
    const { studies, train } = await openStudies(options);
    const loader = model.loader(studies);
    try {
      onMessage(`losses of ${studies.length} studies`);
      const losses = await lossSection(model, loader);
      onMessage('writing impressions');
      const texts = await textSection(model, loader, train);
      onMessage('retrieval and zero-shot classification');
      const alignment = model.hasImageBranch ? await alignmentSection(model, loader) : noAlignment;
      return {
        checkpoint: model.folder,
        data: spec,
        split,
        studies: studies.length,
        device: model.device,
        inputs: { checkpoint: model.hash, studies: hashIds(studies) },
        ...losses.report,
        text: texts.text,
        ...alignment.report,
        ...(texts.labels ? { labels: texts.labels } : {}),
        examples: studies.map(({ id, impression }, i) => ({
          id,
          truth: impression,
          ...texts.byStudy[i]!,
          ...losses.byStudy[i]!,
          ...alignment.byStudy[i],
        })),
      };
    } finally {
      await loader.close();
    }
  } finally {
    await model.close();
  }
}
