// The report of an evaluation, as plain JSON.
import type { Interval, LabelF1, TextIntervals, TextScores } from '@hybridmed/eval';
import type { LossValues } from '@hybridmed/training';

/** One study's texts side by side. */
export interface Example {
  readonly id: string;
  readonly truth: string;
  /** Written from the image; absent for a stage-1 checkpoint. */
  readonly image?: string;
  /** Written from the findings. */
  readonly findings: string;
  /** Nats of the true impression's `tokens`, from the image, from another study's image, and from the findings. */
  readonly loss: { readonly image?: number; readonly mismatchedImage?: number; readonly findings: number; readonly tokens: number };
  /** Labels that the study has, and that each text names, where studies are labelled. */
  readonly labels?: { readonly truth: readonly string[]; readonly image?: readonly string[]; readonly findings: readonly string[] };
  /** Rank of the study's own impression when its image orders all distinct ones, from 1. */
  readonly rank?: number;
  /** The impressions nearest to its image, nearest first. */
  readonly nearest?: readonly { readonly impression: string; readonly own: boolean; readonly similarity: number }[];
  /** Ids of the studies whose images are nearest to its impression, nearest first. */
  readonly nearestImages?: readonly string[];
  /** By question of zero-shot classification that the study answers: the truth, and the score in [-2, 2]. */
  readonly zeroShot?: Readonly<Record<string, { readonly truth: 0 | 1; readonly score: number }>>;
}

/** Scores of one system's texts, and their intervals (95 %, over studies). */
export interface TextRow extends TextScores {
  readonly intervals: TextIntervals;
}

/** Agreement of texts, of each branch and of the baselines. */
export interface TextTable {
  readonly image?: TextRow;
  readonly findings: TextRow;
  /** The most frequent training impression, for every study. */
  readonly mostFrequent: TextRow;
  /** The impression of the training study with the nearest findings (tf-idf): it reads the findings. */
  readonly nearestFindings: TextRow;
}

/** Image to impression, among the distinct impressions of the split. */
export interface RetrievalTable {
  readonly gallery: number;
  readonly medianRank: number;
  /** By K: recall with its interval, and the recall of chance. */
  readonly recall: Readonly<Record<string, Interval & { readonly chance: number }>>;
}

/** Zero-shot classification of one question. */
export interface ZeroShotRow {
  readonly name: string;
  readonly positives: number;
  readonly studies: number;
  /** Null where the studies are of one kind. */
  readonly auc: Interval | null;
  /** Why there is no AUC. */
  readonly undefined?: string;
}

/** F1 of the labels that one system's texts state, and its intervals (95 %, over studies). */
export interface LabelRow extends LabelF1 {
  readonly intervals: { readonly micro: Interval; readonly macro: Interval };
}

/** Texts of every system, study by study. */
export interface NamedTexts {
  readonly image: readonly string[] | undefined;
  readonly findings: readonly string[];
  readonly mostFrequent: readonly string[];
  readonly nearestFindings: readonly string[];
}

/** Clinical agreement of texts by the rule labeller: with the studies' own labels, or with what it reads in the true impressions. */
export interface LabelTable {
  readonly source: 'labels' | 'impressions';
  readonly image?: LabelRow;
  readonly findings: LabelRow;
  readonly mostFrequent: LabelRow;
  readonly nearestFindings: LabelRow;
}

/** A whole evaluation. */
export interface EvaluationReport {
  readonly checkpoint: string;
  readonly data: string;
  readonly split: string;
  readonly studies: number;
  readonly device: string;
  /** SHA-256 of the checkpoint's parameters, and of the sorted ids of the studies: what these figures are of. */
  readonly inputs: { readonly checkpoint: string; readonly studies: string };
  /** Nats per study: of losses over tokens, sums over the study's. */
  readonly losses: LossValues;
  /** The captioning loss per token, and when each study gets another's image: the difference (with its interval over studies) is what the image contributes. */
  readonly captioning?: { readonly perToken: number; readonly shuffledPerToken: number; readonly shuffled: number; readonly difference: Interval };
  /** Nats per token of each branch, and the interval over studies. */
  readonly perToken: { readonly image?: Interval; readonly findings: Interval };
  readonly text: TextTable;
  readonly retrieval?: RetrievalTable;
  readonly zeroShot: readonly ZeroShotRow[];
  readonly meanAuc?: number;
  /** Clinical agreement; absent where no label is named. */
  readonly labels?: LabelTable;
  readonly examples: readonly Example[];
}
