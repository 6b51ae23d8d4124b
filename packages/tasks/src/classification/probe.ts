// The linear probe: logistic regression on frozen features of the image encoder, its strength chosen on the validation split.
import type { SelectOptions, Study } from '@hybridmed/data';
import { auc } from '@hybridmed/eval';
import type { Probe, ThresholdRule } from '@hybridmed/eval/protocols';
import { applyProbe, fitProbe } from '@hybridmed/eval/protocols';
import { takeRows } from '@hybridmed/model/host-arrays';
import type { OpenedModel } from '@hybridmed/runtime';
import type { FeatureOptions, StudyFeatures } from '../features/study-features.ts';
import { studyFeatures } from '../features/study-features.ts';
import { chooseClasses, labelsOf, openLabelled, withTruthLabels } from '../labelled-set.ts';
import type { FitClassifier } from './protocol.ts';
import { runProtocol } from './protocol.ts';
import type { ProtocolResult, ScoresByClass } from './results.ts';
import { checkUnread, saveResults } from './results.ts';

/** What to probe, on what. */
export interface ProbeCommandOptions extends FeatureOptions {
  readonly model: OpenedModel;
  readonly data: string;
  readonly out: string;
  readonly select?: SelectOptions;
  readonly classes?: readonly string[] | undefined;
  /** Fractions of the training labels in percent: 1, 10, 100. */
  readonly percent?: readonly number[];
  readonly seeds?: readonly number[];
  readonly classWeights?: 'none' | 'balanced';
  readonly rule?: ThresholdRule;
}

/** Results of probing. */
export interface ProbeResult extends ProtocolResult {
  readonly task: 'probe';
  readonly checkpoint: string;
  readonly checkpointHash: string;
  readonly data: string;
  readonly device: string;
}

/** Strengths tried: the one with the best mean validation AUC wins; of equals, the stronger. */
const strengths = [1, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001, 0.0003, 0.0001] as const;

const scoresOf = (probes: ReadonlyMap<string, Probe>, { vectors }: StudyFeatures): ScoresByClass =>
  Object.fromEntries([...probes].map(([name, classProbe]) => [name, applyProbe(classProbe, vectors)]));

/** A mean AUC as it is reported: null where no class has both kinds among the validation studies. */
export const reportedAuc = (mean: number): number | null => (mean < 0 ? null : mean);

/** Mean AUC over classes that have both kinds, by which settings are chosen; -1 where none has, below every mean. */
export function meanValidationAuc(studies: readonly Study[], scores: ScoresByClass): number {
  const values = Object.entries(scores).flatMap(([name, own]) => {
    const rows = labelsOf(studies, name).flatMap((label, i) => (label === undefined ? [] : [{ label, score: own[i]! }]));
    if (rows.length === 0) return [];
    const value = auc(
      rows.map(({ label }) => label),
      rows.map(({ score }) => score),
    );
    return Number.isNaN(value) ? [] : [value];
  });
  return values.length === 0 ? -1 : values.reduce((a, b) => a + b, 0) / values.length;
}

/** Probes a checkpoint's frozen features with fractions of the labels. Throws one line for a model without an image encoder, missing labels or splits, or a folder with results. */
export async function probe({
  model,
  data: spec,
  out,
  select = {},
  classes: chosenClasses,
  percent = [1, 10, 100],
  seeds = [0, 1, 2],
  classWeights = 'none',
  rule = 'f1',
  onMessage = () => undefined,
  ...options
}: ProbeCommandOptions): Promise<ProbeResult> {
  checkUnread(out);
  const set = await openLabelled(spec, select, withTruthLabels);
  const classes = chooseClasses(set, chosenClasses);
  model.require('vision');
  const features = (studies: readonly Study[]) => studyFeatures(model, studies, 'global', { ...options, onMessage });
  const [train, validation] = [await features(set.ofSplit('train')), await features(set.ofSplit('validate'))];
  const rows = new Map(train.studies.map(({ id }, row) => [id, row]));
  const fitProbes: FitClassifier = (subset, _, { classes: trained }) => {
    const studies = subset.filter(({ id }) => rows.has(id));
    const subsetFeatures = takeRows(
      train.vectors,
      studies.map(({ id }) => rows.get(id)!),
    );
    let best: { probes: Map<string, Probe>; l2: number; value: number; scores: ScoresByClass } | undefined;
    for (const l2 of strengths) {
      const probes = new Map(trained.map((name) => [name, fitProbe(subsetFeatures, labelsOf(studies, name), { l2, classWeights })]));
      const scores = scoresOf(probes, validation);
      const value = meanValidationAuc(validation.studies, scores);
      if (!best || value > best.value) best = { probes, l2, value, scores };
    }
    const { probes, l2, value, scores } = best!;
    return Promise.resolve({
      validation: { studies: validation.studies, scores },
      chosen: { l2, validationAuc: reportedAuc(value) },
      async predict(test) {
        const tested = await features(test);
        return { studies: tested.studies, scores: scoresOf(probes, tested) };
      },
    });
  };
  const result = await runProtocol({ set, classes, percentages: percent, seeds, rule, out, onMessage }, fitProbes);
  const complete: ProbeResult = {
    task: 'probe',
    checkpoint: model.info.source,
    checkpointHash: await model.contentHash(),
    data: spec,
    device: model.info.device,
    ...result,
  };
  await saveResults(out, complete);
  return complete;
}
