// The report of an evaluation, as plain JSON.
import type { Interval, TextIntervals, TextScores } from '@hybridmed/eval';
import type { BertScore, LikelihoodAuc } from '@hybridmed/eval/generation';
import type { ChexbertAgreement, LabelAgreement, NamingAgreement } from '@hybridmed/eval/labeller';
import type { RecallReport } from '@hybridmed/eval/protocols';
import type { LikelihoodRatio } from '@hybridmed/model';
import type { LossValues } from '@hybridmed/training';
import type { Answers, AucRow } from './auc-rows.ts';
import type { BySystem } from './systems.ts';

/** One study's texts side by side. */
export interface Example {
  readonly id: string;
  readonly truth: string;
  /** Written from the image; absent for a stage-1 checkpoint and for a model without images. */
  readonly image?: string;
  /** The same by likelihood ratio, where the model has one. */
  readonly imageRatio?: string;
  /** Written from the findings. */
  readonly findings: string;
  /** Nats of the true impression's `tokens`, from the image (without one, of a model that reads none), from other patients' images (the mean over shuffles), and from the findings. */
  readonly loss: { readonly image?: number; readonly mismatchedImage?: number; readonly findings: number; readonly tokens: number };
  /** Labels that the study has, and that each text names, where studies are labelled. */
  readonly labels?: { readonly truth: readonly string[]; readonly image?: readonly string[]; readonly findings: readonly string[] };
  /** Log of the probability that the image branch gives to any of the normal sentences, and whether the study is normal. */
  readonly normalSentences?: { readonly score: number; readonly byData?: 0 | 1; readonly byText: 0 | 1 };
  /** By label that the study has a truth for: that, and the output of the head that images were trained by. */
  readonly labelHead?: Answers;
  /** Rank of the study's own impression when its image orders all distinct ones, from 1. */
  readonly rank?: number;
  /** The impressions nearest to its image, nearest first. */
  readonly nearest?: readonly { readonly impression: string; readonly own: boolean; readonly similarity: number }[];
  /** Ids of the studies whose images are nearest to its impression, nearest first. */
  readonly nearestImages?: readonly string[];
  /** By question of zero-shot classification that the study answers: the truth, and the score in [-2, 2]. */
  readonly zeroShot?: Answers;
}

/** Scores of one system's texts, and their intervals (95 %, over studies). */
export interface TextRow extends TextScores {
  readonly intervals: TextIntervals;
  /** Of what is written from the findings: the paired differences to the consensus of the nearest findings, the strongest baseline. */
  readonly overConsensus?: TextIntervals;
}

/**
 * Agreement of texts, of each branch and of the baselines: the most frequent training impression for every study, the impression of the
 * training study with the nearest findings (tf-idf), and the consensus of the ten nearest; the last two read the findings.
 */
export type TextTable = BySystem<TextRow>;

/** Zero-shot classification of one question. */
export interface ZeroShotRow extends AucRow {
  readonly name: string;
  /** Whether the model's images were trained by labels of this class: its figure is then no zero-shot figure. */
  readonly supervised?: boolean;
}

/** How well the head of label supervision tells one label: `report: Edema`, or `impression: Edema`, by the text that gives it. */
export interface ImageLabelRow extends AucRow {
  readonly column: string;
}

/** How well that head answers a class of the data set, or of Open-I's tags, and by which of its labels. */
export interface LabelHeadRow extends ImageLabelRow {
  readonly name: string;
}

/** Agreement of the labels that one system's texts state, and of whether they name a finding at all, with intervals (95 %, over studies). */
export interface LabelRow extends LabelAgreement {
  readonly naming: NamingAgreement;
}

/** What the image contributes to the captioning loss, by its difference to the loss with other patients' images, the mean over `draws` shuffles. */
export interface CaptioningLosses {
  readonly draws: number;
  readonly perToken: number;
  readonly shuffledPerToken: number;
  /** Nats per study with the wrong image. */
  readonly shuffled: number;
  /** The gap in nats per token, with its interval over studies. */
  readonly difference: Interval;
  /** The same in nats per study, and of each shuffle alone. */
  readonly perStudy: Interval;
  readonly byDraw: readonly number[];
}

/** AUC of the probability that the image branch gives to any of the most frequent impressions of normal training studies. */
export interface NormalLikelihood {
  readonly sentences: readonly string[];
  /** For normal by the data set's tag or labels, where it has them. */
  readonly byData?: LikelihoodAuc;
  /** For impressions that name no finding, by the rule labeller. */
  readonly byText: LikelihoodAuc;
}

/** Texts of every system, study by study. */
export type NamedTexts = BySystem<readonly string[]>;

/** Clinical agreement of texts by the rule labeller: with the studies' own labels, or with what it reads in the true impressions. */
export interface LabelTable extends BySystem<LabelRow> {
  readonly source: 'labels' | 'impressions';
}

/** Agreement with the true impressions by the labels that a BERT with CheXbert's heads reads in both; uncertain counts as present. */
export interface ChexbertTable extends BySystem<ChexbertAgreement> {
  /** The labeller's folder. */
  readonly labeller: string;
}

/** BERTScore against the true impressions: means with intervals (95 %, over studies). */
export interface BertScoreTable extends BySystem<Readonly<Record<keyof BertScore, Interval>>> {
  /** The encoder's folder, the layer that is compared and how many there are. */
  readonly encoder: string;
  readonly layer: number;
  readonly depth: number;
  readonly idf: boolean;
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
  /** The model was trained without images: what needs some is left out. */
  readonly withoutImages?: true;
  /** The captioning loss with the study's image and with another's; absent where no study can get another patient's image. */
  readonly captioning?: CaptioningLosses;
  /** Whether normal sentences are likelier for normal studies; absent where training studies have none. */
  readonly normalLikelihood?: NormalLikelihood;
  /** Nats per token of each branch, and the interval over studies. */
  readonly perToken: { readonly image?: Interval; readonly findings: Interval };
  readonly text: TextTable;
  /** How impressions were written by likelihood ratio, as validation studies chose it; absent where there is none. */
  readonly likelihoodRatio?: LikelihoodRatio;
  /** Image to impression, among the distinct impressions of the split. */
  readonly retrieval?: RecallReport;
  readonly zeroShot: readonly ZeroShotRow[];
  readonly meanAuc?: number;
  /** Of a model whose images were trained by labels: its head against the labels of these studies' reports. */
  readonly imageLabels?: readonly ImageLabelRow[];
  /** The same head against the studies' own labels, or those of Open-I's tags and of what impressions name. */
  readonly labelHead?: readonly LabelHeadRow[];
  /** Stage 2 trained the encoder on without the head, which no longer fits it. */
  readonly staleHead?: true;
  /** Clinical agreement; absent where no label is named. */
  readonly labels?: LabelTable;
  /** By a published labeller, where one was named. */
  readonly chexbert?: ChexbertTable;
  /** By a published encoder, where one was named. */
  readonly bertScore?: BertScoreTable;
  readonly examples: readonly Example[];
}
