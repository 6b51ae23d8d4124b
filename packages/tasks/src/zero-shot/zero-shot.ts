// Zero-shot classification of a split: prompt sets against images, thresholds from the validation split only.
import type { SelectOptions, Split } from '@hybridmed/data';
import type { Interval } from '@hybridmed/eval';
import { bootstrapMean, cosineSimilarities } from '@hybridmed/eval';
import type { ClassificationReport, PromptScore, ThresholdRule } from '@hybridmed/eval/protocols';
import { bestThreshold, classificationReport, exclusiveSets, promptDirection, promptScores } from '@hybridmed/eval/protocols';
import type { Encoder, EncoderOptions, StudyFeatures } from '../features/encoder.ts';
import { openEncoder } from '../features/encoder.ts';
import { labelsOf, openLabelled } from '../labelled-set.ts';
import { promptsFor } from './prompt-file.ts';
import type { PromptSets } from './prompt-sets.ts';
import type { PromptVectors } from './prompt-vectors.ts';
import { embedPrompts, logitScale } from './prompt-vectors.ts';

/** What to classify, and how. */
export interface ZeroShotOptions extends EncoderOptions {
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
}

// Max number of studies of one class in the exclusive set.
const maxPerClass = 200;

/** Classes by the largest similarity to their positive prompts, among studies of one class alone. */
function exclusiveAccuracy({ studies, embedding }: StudyFeatures, prompts: PromptVectors): ExclusiveAccuracy | undefined {
  const classes = Object.keys(prompts);
  const sets = exclusiveSets(
    studies.map(({ labels }) => labels ?? {}),
    classes,
    maxPerClass,
  );
  const present = classes.filter((name) => sets.some((entry) => entry.class === name));
  if (present.length < 2) return undefined;
  const similarities = present.map((name) => cosineSimilarities(embedding, promptDirection(prompts[name]!.positive)));
  const correct = sets.map(({ index, class: truth }) => {
    const values = similarities.map((of) => of[index]!);
    return present[values.indexOf(Math.max(...values))] === truth ? 1 : 0;
  });
  return { classes: present, studies: sets.length, accuracy: bootstrapMean(correct), chance: 1 / present.length };
}

/** Thresholds by class from the validation split; none where that is the evaluated split, or lacks positive or negative studies of a class. */
async function thresholdsOf(encoder: Encoder, validation: StudyFeatures | undefined, prompts: PromptVectors, score: PromptScore, rule: ThresholdRule) {
  const thresholds: Record<string, number | undefined> = {};
  for (const [name, pair] of Object.entries(prompts)) {
    if (!validation) break;
    const scores = promptScores(validation.embedding, pair, { score, scale: logitScale(encoder.checkpoint) });
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
 * Classifies a split by prompts. Figures carry percentile intervals over studies. Throws one line for a stage-1 checkpoint, labels that
 * are missing, or prompts that name unknown classes.
 */
export async function zeroShot({
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
  const encoder = await openEncoder(options);
  try {
    const vectors = await embedPrompts(encoder.texts, prompts);
    const validating = split === 'validate' ? [] : set.data.studies.filter((study) => study.split === 'validate');
    const validation = validating.length > 0 ? await encoder.images(validating) : undefined;
    const thresholds = await thresholdsOf(encoder, validation, vectors, score, rule);
    const features = await encoder.images(evaluated);
    const classes = Object.fromEntries(
      Object.entries(vectors).map(([name, pair]) => [
        name,
        {
          labels: labelsOf(features.studies, name),
          scores: promptScores(features.embedding, pair, { score, scale: logitScale(encoder.checkpoint) }),
          threshold: thresholds[name],
          probabilities: promptScores(features.embedding, pair, { score: 'softmax', scale: logitScale(encoder.checkpoint) }),
        },
      ]),
    );
    const exclusive = exclusiveAccuracy(features, vectors);
    return {
      checkpoint: encoder.folder,
      checkpointHash: encoder.hash,
      data: spec,
      split,
      device: options.device.info.name,
      score,
      threshold: { rule, split: 'validate', studies: validation?.studies.length ?? 0 },
      ...classificationReport(classes),
      ...(exclusive ? { exclusive } : {}),
      prompts,
    };
  } finally {
    encoder.close();
  }
}
