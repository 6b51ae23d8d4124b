// Bootstrap intervals of text metrics over studies, of one system or of the difference of two on the same studies.
import { checkPaired } from '../errors.ts';
import type { BootstrapOptions, Interval } from '../statistics/bootstrap.ts';
import { bootstrap } from '../statistics/bootstrap.ts';
import { meanAt } from '../statistics/mean.ts';
import { bleuCounts, bleuOfCounts } from './bleu.ts';
import { ciderEach } from './cider.ts';
import { rougeLEach } from './rouge.ts';
import { normalizeForComparison } from './tokens.ts';

/** Intervals of the metrics of `TextScores`. */
export interface TextIntervals {
  readonly bleu1: Interval;
  readonly bleu2: Interval;
  readonly bleu3: Interval;
  readonly bleu4: Interval;
  readonly rougeL: Interval;
  readonly cider: Interval;
}

/** Bootstrap options, and another system's texts of the same studies: then each interval is of the difference to it. */
export interface TextIntervalOptions extends BootstrapOptions {
  readonly than?: readonly string[];
}

const metrics = ['bleu1', 'bleu2', 'bleu3', 'bleu4', 'rougeL', 'cider'] as const;

/** A system's metrics on a resample. CIDEr's document frequencies stay those of all references. */
function scorer(hypotheses: readonly string[], references: readonly string[]): (indices: Int32Array) => number[] {
  const texts = hypotheses.map(normalizeForComparison);
  const [counts, rouge, cider] = [bleuCounts(texts, references), rougeLEach(texts, references), ciderEach(texts, references)];
  return (indices) => [...bleuOfCounts(counts, indices), meanAt(rouge, indices), meanAt(cider, indices)];
}

/**
 * Intervals of each text metric over studies; BLEU is recomputed for the corpus of each resample. Raw texts are lower-cased and
 * their punctuation separated, as in `textScores`. Throws for no texts, or lists of different length.
 */
export function textIntervals(hypotheses: readonly string[], references: readonly string[], { than, ...options }: TextIntervalOptions = {}): TextIntervals {
  const truth = references.map(normalizeForComparison);
  const own = scorer(hypotheses, truth);
  if (than) checkPaired('textIntervals', than, references, ['texts to compare with', 'references']);
  const other = than && scorer(than, truth);
  const intervals = metrics.map((name, i) => [name, bootstrap(references.length, (indices) => own(indices)[i]! - (other?.(indices)[i] ?? 0), options)]);
  return Object.fromEntries(intervals) as TextIntervals;
}
