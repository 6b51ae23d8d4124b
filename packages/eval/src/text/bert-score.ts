// BERTScore [Zhang et al. 2020]: how well the word pieces of two texts find each other among a BERT's hidden states.
import { HybridmedError } from '@hybridmed/tensor';
import type { BootstrapOptions, Interval } from '../statistics/bootstrap.ts';
import { bootstrapMean } from '../statistics/bootstrap.ts';
import type { Vectors } from '../vectors.ts';
import { isFilled, sizesOf } from '../vectors.ts';

/** A text as a BERT sees it: ids of its tokens with [CLS] and [SEP], and the hidden state (tokens, width) at each. */
export interface EmbeddedText {
  readonly ids: readonly number[];
  readonly states: Vectors;
}

/** Precision: how well the candidate's pieces are found in the reference; recall: the reference's in the candidate. */
export interface BertScore {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
}

/** What weighs the pieces of a mean. */
export interface BertScoreOptions {
  /** Ids that have no weight: those of [CLS] and [SEP], which a piece may match best all the same. */
  readonly special: readonly number[];
  /** Weight of a token by its id, such as `inverseFrequencies` of the references; all alike by default. */
  readonly weight?: (id: number) => number;
}

/** Hidden states of unit length; a state of zeros stays one. */
function unitStates(name: string, { ids, states }: EmbeddedText): Float64Array {
  const [tokens, width] = sizesOf(states);
  if (states.shape.length !== 2 || !isFilled(states) || tokens !== ids.length)
    throw new HybridmedError(
      `bertScore: the ${name} has ${ids.length} ids, states of shape [${states.shape.join(', ')}] and ${states.data.length} values; give (tokens, width)`,
    );
  const bad = states.data.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw new HybridmedError(`bertScore: value ${bad} of the ${name} is ${states.data[bad]}; mend what computes it`);
  const unit = Float64Array.from(states.data);
  for (let row = 0; row < tokens; row++) {
    const state = unit.subarray(row * width, (row + 1) * width);
    const norm = Math.sqrt(state.reduce((sum, value) => sum + value * value, 0));
    if (norm > 0) for (let i = 0; i < width; i++) state[i]! /= norm;
  }
  return unit;
}

/** The weighted mean of some best cosines; 0 where nothing weighs. */
function weightedMean(best: Float64Array, ids: readonly number[], weight: (id: number) => number): number {
  let [sum, total] = [0, 0];
  best.forEach((cosine, at) => {
    const own = weight(ids[at]!);
    sum += own * cosine;
    total += own;
  });
  return total > 0 ? sum / total : 0;
}

/**
 * BERTScore of one pair: each piece of a text takes the greatest cosine with any token of the other, [CLS] and [SEP] included; precision
 * and recall are the means over a text's pieces, F1 = 2 P R / (P + R). Nothing is rescaled. A text without pieces on either side gives
 * 0, 0, 0. Throws for states that do not fit the ids, are of another width, or are not finite.
 */
export function bertScore(candidate: EmbeddedText, reference: EmbeddedText, { special, weight = () => 1 }: BertScoreOptions): BertScore {
  const [ours, theirs] = [unitStates('candidate', candidate), unitStates('reference', reference)];
  const width = sizesOf(candidate.states)[1];
  if (sizesOf(reference.states)[1] !== width)
    throw new HybridmedError(`bertScore: the candidate has states of width ${width}, the reference ${sizesOf(reference.states)[1]}; use one encoder for both`);
  const left = new Set(special);
  const isPiece = (id: number) => !left.has(id);
  if (!candidate.ids.some(isPiece) || !reference.ids.some(isPiece)) return { precision: 0, recall: 0, f1: 0 };
  const [row, column] = [new Float64Array(candidate.ids.length).fill(-Infinity), new Float64Array(reference.ids.length).fill(-Infinity)];
  for (let i = 0; i < row.length; i++) {
    for (let j = 0; j < column.length; j++) {
      let cosine = 0;
      for (let at = 0; at < width; at++) cosine += ours[i * width + at]! * theirs[j * width + at]!;
      if (cosine > row[i]!) row[i] = cosine;
      if (cosine > column[j]!) column[j] = cosine;
    }
  }
  const weightOf = (id: number): number => (isPiece(id) ? weight(id) : 0);
  const [precision, recall] = [weightedMean(row, candidate.ids, weightOf), weightedMean(column, reference.ids, weightOf)];
  const both = precision + recall;
  return { precision, recall, f1: both === 0 ? 0 : (2 * precision * recall) / both };
}

/**
 * Inverse document frequencies over reference texts' ids, ln((n + 1) / (df + 1)): the weights of BERTScore's `idf` option. An id that no
 * reference has weighs ln(n + 1).
 */
export function inverseFrequencies(references: readonly (readonly number[])[]): (id: number) => number {
  const frequencies = new Map<number, number>();
  for (const ids of references) for (const id of new Set(ids)) frequencies.set(id, (frequencies.get(id) ?? 0) + 1);
  return (id) => Math.log((references.length + 1) / ((frequencies.get(id) ?? 0) + 1));
}

/** Means of a corpus with their intervals over studies. Throws for no scores. */
export function bertScoreMeans(scores: readonly BertScore[], options?: BootstrapOptions): Readonly<Record<keyof BertScore, Interval>> {
  const of = (key: keyof BertScore) =>
    bootstrapMean(
      scores.map((score) => score[key]),
      options,
    );
  return { precision: of('precision'), recall: of('recall'), f1: of('f1') };
}
