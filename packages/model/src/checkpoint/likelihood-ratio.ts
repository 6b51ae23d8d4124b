// How a checkpoint writes impressions by likelihood ratio, and the rules of that part of config.json and export.json. Choosing it, and
// what it means for an image, are for tasks and eval.
import type { Fields, Problem, Rule } from '@hybridmed/nn/rules';
import { count, firstProblem, flag, line, list, number, numberList, objects } from '@hybridmed/nn/rules';

/** What chose: the rule's own number, the studies, and what the chosen writing reaches on them. */
export interface LikelihoodRatioChoice {
  /** The mean CIDEr of what is written is at least this fraction of the constant sentence's. */
  readonly ciderFraction: number;
  /** Number of validation studies, and the SHA-256 of their sorted ids, one a line. */
  readonly studies: number;
  readonly ids: string;
  /** Balanced accuracy of naming a finding; 0.5 where none is named. */
  readonly balancedAccuracy: number;
  readonly cider: number;
  readonly constantCider: number;
}

/** An impression that may be written, and whether it names a finding. */
export interface RatioCandidate {
  readonly text: string;
  readonly names: boolean;
}

/** Writing from images by likelihood ratio, as validation studies chose it: what `@hybridmed/eval/generation` decides by, and who chose. */
export interface LikelihoodRatio {
  /** The first that names nothing is written where the threshold says so. */
  readonly candidates: readonly RatioCandidate[];
  /** Mean over validation studies of each candidate's log-likelihood. */
  readonly means: readonly number[];
  /** What multiplies the means. */
  readonly weight: number;
  /** A finding is named where log P(candidates that name one) - log P(the others) is above this. */
  readonly threshold: number;
  readonly chosen: LikelihoodRatioChoice;
}

/** Max number of candidates, and of characters of one. */
export const maxRatioCandidates = 1024;
/** Max number of characters of a candidate. */
export const maxRatioCharacters = 2000;

// Of a text of up to 2^17 tokens none is less likely than this.
const [leastLog, mostLog] = [-1e8, 1e8];

const candidate: Record<keyof RatioCandidate, Rule> = { text: line(maxRatioCharacters), names: flag };
const chosen: Record<keyof LikelihoodRatioChoice, Rule> = {
  ciderFraction: number(0, 1),
  studies: count(1e9),
  ids: line(64),
  balancedAccuracy: number(0, 1),
  cider: number(0, 10),
  constantCider: number(0, 10),
};
const fields: Record<keyof LikelihoodRatio, Rule | Fields> = {
  candidates: list(objects(candidate), maxRatioCandidates, 2),
  means: numberList(maxRatioCandidates, leastLog, 0),
  weight: number(0, 1e3),
  threshold: number(leastLog, mostLog),
  chosen,
};

/** The first thing that is wrong with it; `path` leads to it. */
export function likelihoodRatioProblem(value: unknown, path = 'likelihoodRatio'): Problem | undefined {
  const problem = firstProblem(value, fields, path);
  if (problem) return problem;
  const { candidates, means } = value as LikelihoodRatio;
  const naming = candidates.filter(({ names }) => names).length;
  if (means.length !== candidates.length) return { key: `${path}.means`, problem: `must be as many as "candidates", ${candidates.length}` };
  return naming > 0 && naming < candidates.length
    ? undefined
    : { key: `${path}.candidates`, problem: `must have some that name a finding and some that do not; ${naming} of ${candidates.length} do` };
}
