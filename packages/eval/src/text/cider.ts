// CIDEr: similarity of n-grams weighted by how rare they are in the references, with a penalty for another length [Vedantam et al. 2015, CIDEr-D].
import { checkPaired } from '../errors.ts';
import { mean } from '../statistics/mean.ts';
import { countNgrams, splitTokens } from './tokens.ts';

const orders = [1, 2, 3, 4] as const;
const sigma = 6;

type Counts = readonly Map<string, number>[];

interface Weighted {
  /** tf-idf by n-gram, per order. */
  readonly vectors: readonly Map<string, number>[];
  readonly norms: readonly number[];
  /** Number of bigrams: what the length penalty compares. */
  readonly length: number;
}

const countAll = (text: string): Counts => {
  const tokens = splitTokens(text);
  return orders.map((n) => countNgrams(tokens, n));
};

function documentFrequencies(references: readonly Counts[]): Map<string, number> {
  const frequencies = new Map<string, number>();
  for (const counts of references) for (const order of counts) for (const ngram of order.keys()) frequencies.set(ngram, (frequencies.get(ngram) ?? 0) + 1);
  return frequencies;
}

function weigh(counts: Counts, frequencies: ReadonlyMap<string, number>, logDocuments: number): Weighted {
  const vectors = counts.map(
    (order) => new Map([...order].map(([ngram, count]) => [ngram, count * (logDocuments - Math.log(Math.max(1, frequencies.get(ngram) ?? 0)))])),
  );
  const norms = vectors.map((vector) => Math.sqrt([...vector.values()].reduce((sum, value) => sum + value * value, 0)));
  const length = [...counts[1]!.values()].reduce((a, b) => a + b, 0);
  return { vectors, norms, length };
}

function similarity(hypothesis: Weighted, reference: Weighted): number {
  const penalty = Math.exp(-((hypothesis.length - reference.length) ** 2) / (2 * sigma ** 2));
  let total = 0;
  orders.forEach((_, i) => {
    let value = 0;
    for (const [ngram, weight] of hypothesis.vectors[i]!) {
      const other = reference.vectors[i]!.get(ngram) ?? 0;
      value += Math.min(weight, other) * other;
    }
    const norm = hypothesis.norms[i]! * reference.norms[i]!;
    total += (norm === 0 ? value : value / norm) * penalty;
  });
  return (10 * total) / orders.length;
}

/**
 * CIDEr of each text, from 0 to 10: the form with clipped counts and a length penalty (sigma 6) that the field's tables report. Texts
 * are tokens separated by white space. Document frequencies come from the references given, so that one reference alone gives 0.
 * Throws for no texts, or lists of different length.
 */
export function ciderEach(hypotheses: readonly string[], references: readonly string[]): number[] {
  checkPaired('cider', hypotheses, references, ['hypotheses', 'references']);
  const counts = references.map(countAll);
  const frequencies = documentFrequencies(counts);
  const logDocuments = Math.log(references.length);
  return hypotheses.map((hypothesis, i) => similarity(weigh(countAll(hypothesis), frequencies, logDocuments), weigh(counts[i]!, frequencies, logDocuments)));
}

/** Mean CIDEr of a corpus, from 0 to 10. Throws as `ciderEach` does. */
export function cider(hypotheses: readonly string[], references: readonly string[]): number {
  return mean(ciderEach(hypotheses, references));
}
