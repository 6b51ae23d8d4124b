// Zero-shot classification of a split: prompt sets against images, thresholds from the validation split only.
import type { SelectOptions, Split } from '@hybridmed/data';
import type { Interval } from '@hybridmed/eval';
import { bootstrapMean, cosineSimilarities } from '@hybridmed/eval';
import type { ClassificationReport, PromptScore, ThresholdRule } from '@hybridmed/eval/protocols';
import { bestThreshold, classificationReport, exclusiveSets, promptDirection, promptScores } from '@hybridmed/eval/protocols';
import type { OpenedModel } from '@hybridmed/runtime';
import { embedTexts } from '../features/embeddings.ts';
import type { FeatureOptions, StudyFeatures } from '../features/study-features.ts';
import { studyFeatures } from '../features/study-features.ts';
import { labelsOf, openLabelled } from '../labelled-set.ts';
import { promptsFor } from './prompt-file.ts';
import type { PromptSets } from './prompt-sets.ts';
import type { PromptVectors } from './prompt-vectors.ts';
import { embedPrompts } from './prompt-vectors.ts';
import { isSupervised } from './supervised.ts';

/** What to classify, and how. */
export interface ZeroShotOptions extends FeatureOptions {
  readonly model: OpenedModel;
  readonly data: string;
  /** Name of a shipped prompt set, or a file; by default every shipped set that names a label of the data. */
  readonly prompts?: string | undefined;
  readonly split?: Split;
  readonly select?: SelectOptions;
  readonly score?: PromptScore;
  readonly rule?: ThresholdRule;
}

/** Accuracy of the best class among studies that are positive for one class alone (the 5x200 protocols). */
export interface ExclusiveAccuracy {
  readonly classes: readonly string[];
  readonly studies: number;
  readonly accuracy: Interval;
  readonly chance: number;
}

/** Zero-shot classification of a split. */
export interface ZeroShotReport extends ClassificationReport {
  readonly checkpoint: string;
  readonly checkpointHash: string;
  readonly data: string;
  readonly split: Split;
  readonly device: string;
  readonly score: PromptScore;
  readonly threshold: { readonly rule: ThresholdRule; readonly split: 'validate'; readonly studies: number };
  readonly prompts: PromptSets;
  readonly exclusive?: ExclusiveAccuracy;
  /** Classes by whose labels the model's images were trained: their figures are no zero-shot figures. */
  readonly supervised?: readonly string[];
}

// Max number of studies of one class in the exclusive set.
const maxPerClass = 200;

/** Classes by the largest similarity to their positive prompts, among studies of one class alone. */
function exclusiveAccuracy({ studies, vectors: images }: StudyFeatures, prompts: PromptVectors): ExclusiveAccuracy | undefined {
  const classes = Object.keys(prompts);
  const sets = exclusiveSets(
    studies.map(({ labels }) => labels ?? {}),
    classes,
    maxPerClass,
  );
  const present = classes.filter((name) => sets.some((entry) => entry.class === name));
  if (present.length < 2) return undefined;
  const similarities = present.map((name) => cosineSimilarities(images, promptDirection(prompts[name]!.positive)));
  const correct = sets.map(({ index, class: truth }) => {
    const values = similarities.map((of) => of[index]!);
    return present[values.indexOf(Math.max(...values))] === truth ? 1 : 0;
  });
  return { classes: present, studies: sets.length, accuracy: bootstrapMean(correct), chance: 1 / present.length };
}

/** How a pair of prompts is scored; `scale` is the factor that the alignment learnt for similarities. */
interface PromptScoring {
  readonly score: PromptScore;
  readonly scale: number;
}

/** Thresholds by class from the validation split; none where that is the evaluated split, or lacks positive or negative studies of a class. */
function thresholdsOf(validation: StudyFeatures | undefined, prompts: PromptVectors, scoring: PromptScoring, rule: ThresholdRule) {
  const thresholds: Record<string, number | undefined> = {};
  for (const [name, pair] of Object.entries(prompts)) {
    if (!validation) break;
    const scores = promptScores(validation.vectors, pair, scoring);
    const rows = labelsOf(validation.studies, name).flatMap((label, i) => (label === undefined ? [] : [{ label, score: scores[i]! }]));
    if (rows.length > 0)
      thresholds[name] = bestThreshold(
        rows.map(({ label }) => label),
        rows.map((row) => row.score),
        rule,
      );
  }
  return thresholds;
}

/**
 * Classifies a split by prompts. Figures carry percentile intervals over studies. Throws one line for a model without a common space, labels
 * that are missing, or prompts that name unknown classes.
 */
export async function zeroShot({
  model,
  data: spec,
  prompts: source,
  split = 'test',
  select = {},
  score = 'difference',
  rule = 'f1',
  ...options
}: ZeroShotOptions): Promise<ZeroShotReport> {
  const set = await openLabelled(spec, select);
  const prompts = await promptsFor(set.classes, spec, source);
  const evaluated = set.ofSplit(split);
  for (const warning of set.data.warnings) options.onMessage?.(`warning: ${warning}`);
  model.require('align');
  const vectors = await embedPrompts((texts) => embedTexts(model, texts), prompts);
  const scoring = { score, scale: Math.exp(model.info.logitScale) };
  const validating = split === 'validate' ? [] : set.data.studies.filter((study) => study.split === 'validate');
  const validation = validating.length > 0 ? await studyFeatures(model, validating, 'embedding', options) : undefined;
  const thresholds = thresholdsOf(validation, vectors, scoring, rule);
  const features = await studyFeatures(model, evaluated, 'embedding', options);
  const classes = Object.fromEntries(
    Object.entries(vectors).map(([name, pair]) => [
      name,
      {
        labels: labelsOf(features.studies, name),
        scores: promptScores(features.vectors, pair, scoring),
        threshold: thresholds[name],
        probabilities: promptScores(features.vectors, pair, { ...scoring, score: 'softmax' }),
      },
    ]),
  );
  const exclusive = exclusiveAccuracy(features, vectors);
  const supervised = Object.keys(vectors).filter((name) => isSupervised(model.info, name));
  return {
    checkpoint: model.info.source,
    checkpointHash: await model.contentHash(),
    data: spec,
    split,
    device: model.info.device,
    score,
    threshold: { rule, split: 'validate', studies: validation?.studies.length ?? 0 },
    ...classificationReport(classes),
    ...(exclusive ? { exclusive } : {}),
    ...(supervised.length > 0 ? { supervised } : {}),
    prompts,
  };
}
