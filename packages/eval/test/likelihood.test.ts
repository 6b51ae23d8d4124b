import { auc, cider, normalizeForComparison } from '@hybridmed/eval';
import type { RatioWriting } from '@hybridmed/eval/generation';
import { chooseByRatio, fitRatioWriting, likelihoodAuc, mismatchedOrders, mismatchGap, namingScores } from '@hybridmed/eval/generation';
import { describe, expect, test } from 'vitest';
import { numbers } from './shared.ts';

/** Log-likelihoods (studies, sentences) from rows. */
const table = (...rows: number[][]) => ({ data: Float64Array.from(rows.flat()), shape: [rows.length, rows[0]!.length] });

describe('the likelihood of normal sentences', () => {
  test('is that of any of them: their probabilities add up', () => {
    // By the likeliest sentence alone the second study would rank first; by the sum the first does.
    const values = table([Math.log(0.3), Math.log(0.3)], [Math.log(0.4), Math.log(0.01)]);
    expect(likelihoodAuc([1, 0], values, { samples: 20 }).auc!.value).toBe(1);
    expect(likelihoodAuc([0, 1], values, { samples: 20 }).auc!.value).toBe(0);
  });

  test('is the AUC of those sums, also where probabilities are below the least double', () => {
    const next = numbers(4);
    const labels = Array.from({ length: 50 }, () => (next() < 0.4 ? 1 : 0));
    const rows = labels.map((label) => [-1200 - 3 * next() + label, -1200 - 3 * next() + label]);
    const sums = rows.map(([a, b]) => Math.log(Math.exp(a! + 1200) + Math.exp(b! + 1200)));
    const report = likelihoodAuc(labels, table(...rows));
    expect(report.auc!.value).toBeCloseTo(auc(labels, sums), 12);
    expect(report.auc!.low).toBeLessThan(report.auc!.value);
    expect(report).toMatchObject({ studies: 50, positives: labels.filter(Boolean).length });
  });

  test('of a model that gives every image the same is 0.5; of one kind of study, none', () => {
    expect(likelihoodAuc([1, 0, 1], table([-1], [-1], [-1]), { samples: 20 }).auc!.value).toBe(0.5);
    expect(likelihoodAuc([1, 1], table([-1], [-2]))).toEqual({ studies: 2, positives: 2, auc: null, undefined: 'all 2 studies are positive' });
    expect(likelihoodAuc([0], table([-1])).undefined).toBe('none of the 1 studies is positive');
  });

  test('refuses what is no log-likelihood', () => {
    expect(() => likelihoodAuc([1, 0], table([0.5], [-1]))).toThrow('likelihoodAuc: log-likelihood 0 is 0.5; give log probabilities, 0 at most');
    expect(() => likelihoodAuc([1], table([-1], [-1]))).toThrow('likelihoodAuc: 1 labels but 2 rows of log-likelihoods');
    expect(() => likelihoodAuc([1], { data: new Float64Array(3), shape: [1, 2] })).toThrow(
      'likelihoodAuc: log-likelihoods have shape [1, 2] and 3 values; give (studies, sentences)',
    );
  });
});

describe("another study's image", () => {
  test('is a permutation in which none keeps its own, another in each draw', () => {
    const orders = mismatchedOrders(7, { draws: 10 });
    expect(orders).toHaveLength(10);
    for (const order of orders) {
      expect([...order].toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6]);
      expect([...order].some((other, i) => other === i)).toBe(false);
    }
    expect(new Set(orders.map((order) => order.join())).size).toBeGreaterThan(7);
    expect(mismatchedOrders(7, { draws: 10 })).toEqual(orders);
    expect(mismatchedOrders(7, { draws: 10, seed: 1 })).not.toEqual(orders);
    expect([...mismatchedOrders(2, { draws: 1 })[0]!]).toEqual([1, 0]);
  });

  test('every other image is as likely as any', () => {
    const counts = new Map<string, number>();
    for (const order of mismatchedOrders(4, { draws: 3000 })) order.forEach((other, i) => counts.set(`${i} ${other}`, (counts.get(`${i} ${other}`) ?? 0) + 1));
    expect(counts.size).toBe(12);
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(120);
  });

  test('is none of the same key', () => {
    const keys = ['a', 'b', 'a', 'c', 'b', 'a'];
    for (const order of mismatchedOrders(6, { draws: 50, keys })) {
      expect(new Set(order).size).toBe(6);
      order.forEach((other, i) => expect(keys[other]).not.toBe(keys[i]));
    }
    expect(() => mismatchedOrders(3, { keys: ['a', 'a', 'b'] })).toThrow('mismatchedOrders: 2 of 3 studies are of one key');
    expect(() => mismatchedOrders(1)).toThrow('mismatchedOrders: 1 of 1 studies are of one key');
    expect(() => mismatchedOrders(3, { draws: 0 })).toThrow('mismatchedOrders: draws is 0; give a whole number from 1');
  });

  test('the gap is the mean over shuffles, per study and per token', () => {
    const gap = mismatchGap(
      [10, 20],
      [
        [11, 22],
        [13, 24],
      ],
      [5, 10],
      { samples: 200 },
    );
    // Study 0: (1 + 3) / 2 = 2 nats, study 1: (2 + 4) / 2 = 3.
    expect(gap).toMatchObject({ draws: 2, byDraw: [1.5, 3.5], perStudy: { value: 2.5, low: 2, high: 3 } });
    expect(gap.perToken.value).toBeCloseTo(5 / 15, 12);
    expect(gap.perToken.low).toBeCloseTo(3 / 10, 12);
    expect(gap.perToken.high).toBeCloseTo(2 / 5, 12);
  });

  test('shuffles narrow what one of them leaves to chance', () => {
    const next = numbers(7);
    const own = Array.from({ length: 60 }, () => 20 + next());
    const shuffle = () => own.map((value) => value + 0.2 + 4 * (next() - 0.5));
    const width = (draws: number) => {
      const { perStudy } = mismatchGap(
        own,
        Array.from({ length: draws }, shuffle),
        own.map(() => 8),
      );
      return perStudy.high - perStudy.low;
    };
    expect(width(10)).toBeLessThan(0.5 * width(1));
  });

  test('losses that do not pair are refused', () => {
    expect(() => mismatchGap([1], [], [1])).toThrow('mismatchGap: no shuffles; give the losses of at least one');
    expect(() => mismatchGap([1], [[1, 2]], [1])).toThrow('mismatchGap: 1 losses but 2 losses of a shuffle');
    expect(() => mismatchGap([1], [[Number.NaN]], [1])).toThrow('mismatchGap: score 0 is not a number');
  });
});

describe('writing by likelihood ratio', () => {
  const candidates = [
    { text: 'No acute disease.', names: false },
    { text: 'Cardiomegaly.', names: true },
    { text: 'Left pleural effusion.', names: true },
  ];
  // The normal sentence is likeliest everywhere; cardiomegaly is likelier than an effusion everywhere, too.
  const validation = {
    logLikelihoods: table([-1, -4, -7.2], [-1, -4.1, -7.3], [-1.5, -3, -7], [-1.4, -3.9, -5]),
    names: [0, 0, 1, 1] as const,
    impressions: ['No acute disease.', 'No acute disease.', 'Cardiomegaly.', 'Left pleural effusion.'],
  };

  test('scores are log P(naming) - log P(others)', () => {
    const [score] = namingScores(table([Math.log(0.5), Math.log(0.1), Math.log(0.2)]), candidates);
    expect(score).toBeCloseTo(Math.log(0.3 / 0.5), 12);
  });

  const textsBy = (writing: RatioWriting, likelihoods = validation.logLikelihoods): string[] =>
    chooseByRatio(writing, likelihoods).map(({ candidate }) => candidates[candidate]!.text);

  test('threshold and weight are those that name findings best', () => {
    const { writing, figures } = fitRatioWriting(candidates, validation, { ciderFraction: 0 });
    // Without the means, every naming study would get cardiomegaly.
    expect(textsBy(writing)).toEqual(validation.impressions);
    expect(writing.weight).toBeGreaterThan(0);
    expect(textsBy({ ...writing, weight: 0 })[3]).toBe('Cardiomegaly.');
    const scores = namingScores(validation.logLikelihoods, candidates);
    // Half-way between the scores on its two sides.
    expect(writing.threshold).toBeCloseTo((Math.max(scores[0]!, scores[1]!) + Math.min(scores[2]!, scores[3]!)) / 2, 12);
    expect(writing.means[0]).toBeCloseTo((1 + 1 + 1.5 + 1.4) / -4, 12);
    expect(JSON.parse(JSON.stringify(writing))).toEqual(writing);
    const compared = validation.impressions.map(normalizeForComparison);
    expect(figures.balancedAccuracy).toBe(1);
    expect(figures.cider).toBeCloseTo(cider(compared, compared), 12);
    const constant = compared.map(() => compared[0]!);
    expect(figures.constantCider).toBeCloseTo(cider(constant, compared), 12);
  });

  test('no weight or threshold that is possible at the CIDEr names findings better: all are tried', () => {
    const next = numbers(12);
    const rows = Array.from({ length: 40 }, () => [-1 - next(), -2 - 3 * next(), -3 - 3 * next()]);
    const names = rows.map(([normal, , effusion]) => (effusion! - normal! + next() > -3.2 ? 1 : 0) as 0 | 1);
    const impressions = names.map((name, i) => (name ? candidates[1 + (i % 2)]!.text : candidates[0]!.text));
    const logLikelihoods = table(...rows);
    const weights = [0, 0.5, 1];
    const scores = [...namingScores(logLikelihoods, candidates)].toSorted((a, b) => b - a);
    const thresholds = [scores[0]! + 1, ...scores.slice(1).map((score, i) => (score + scores[i]!) / 2), scores.at(-1)! - 1];
    const truth = impressions.map(normalizeForComparison);
    const ciderOf = (texts: readonly string[]) => cider(texts.map(normalizeForComparison), truth);
    const constant = ciderOf(truth.map(() => candidates[0]!.text));
    const chosen: number[] = [];
    for (const ciderFraction of [0, 0.5, 1]) {
      const { writing, figures } = fitRatioWriting(candidates, { logLikelihoods, names, impressions }, { weights, ciderFraction });
      const accuracy = (of: Pick<RatioWriting, 'weight' | 'threshold'>) => {
        const choices = chooseByRatio({ ...writing, ...of }, logLikelihoods);
        const right = (kind: 0 | 1) =>
          choices.filter((choice, i) => names[i] === kind && Number(choice.names) === kind).length / names.filter((name) => name === kind).length;
        return { balancedAccuracy: (right(0) + right(1)) / 2, cider: ciderOf(choices.map(({ candidate }) => candidates[candidate]!.text)) };
      };
      const all = weights.flatMap((weight) => thresholds.map((threshold) => accuracy({ weight, threshold })));
      const possible = all.filter((each) => each.cider >= ciderFraction * constant - 1e-9);
      const best = Math.max(...possible.map(({ balancedAccuracy }) => balancedAccuracy));
      expect(figures.balancedAccuracy).toBeCloseTo(best, 12);
      expect(figures.cider).toBeCloseTo(Math.max(...possible.filter((each) => each.balancedAccuracy > best - 1e-9).map((each) => each.cider)), 9);
      expect(accuracy(writing)).toEqual({ balancedAccuracy: expect.closeTo(figures.balancedAccuracy, 12), cider: expect.closeTo(figures.cider, 9) });
      chosen.push(figures.balancedAccuracy);
    }
    // The dearer CIDEr is, the less is named.
    expect(chosen.toSorted((a, b) => b - a)).toEqual(chosen);
  });

  test('where naming a finding costs more CIDEr than may be, none is named', () => {
    // The study to name a finding for has the words of the constant sentence.
    const wrong = {
      logLikelihoods: table([-1, -3, -9], [-1, -2.9, -9]),
      names: [0, 1] as const,
      impressions: ['Lungs are clear today.', 'No acute disease.'],
    };
    const { writing, figures } = fitRatioWriting(candidates, wrong, { ciderFraction: 1 });
    expect(figures).toMatchObject({ balancedAccuracy: 0.5, cider: figures.constantCider });
    expect(chooseByRatio(writing, wrong.logLikelihoods).map(({ names }) => names)).toEqual([false, false]);
    expect(Number.isFinite(writing.threshold)).toBe(true);
    expect(fitRatioWriting(candidates, wrong, { ciderFraction: 0 }).figures.balancedAccuracy).toBe(1);
  });

  test('of equal weights the first; of equal scores the first candidate', () => {
    expect(fitRatioWriting(candidates, validation, { weights: [0.9, 0.95], ciderFraction: 0 }).writing.weight).toBe(0.9);
    const writing = { candidates, means: [-1, -2, -2], weight: 1, threshold: -10 };
    expect(chooseByRatio(writing, table([-1, -3, -3]))[0]).toMatchObject({ candidate: 1, score: -1, others: [{ candidate: 2, score: -1 }] });
  });

  test('a choice says its score, what the threshold decided, and the next', () => {
    const others = [candidates[1]!, candidates[0]!, { text: 'Normal.', names: false }, candidates[2]!];
    const writing = { candidates: others, means: [-3, -1, -1, -4], weight: 0.5, threshold: 0 };
    const likelihoods = table([-5, -2, -1, -6], [-0.1, -4, -4, -1]);
    const naming = namingScores(likelihoods, others);
    expect(chooseByRatio(writing, likelihoods)).toEqual([
      // -2 + 0.5 * 1; the first that names nothing, although another is likelier.
      {
        candidate: 1,
        score: -1.5,
        namingScore: naming[0],
        names: false,
        others: [
          { candidate: 0, score: -3.5 },
          { candidate: 3, score: -4 },
        ],
      },
      { candidate: 0, score: expect.closeTo(1.4, 12), namingScore: naming[1], names: true, others: [{ candidate: 3, score: 1 }] },
    ]);
    // At the threshold itself nothing is named.
    expect(chooseByRatio({ ...writing, threshold: naming[1]! }, likelihoods)[1]!.names).toBe(false);
  });

  test('what cannot be chosen from is refused', () => {
    expect(() => fitRatioWriting(candidates.slice(1), { ...validation, logLikelihoods: table([-1, -2]) })).toThrow(
      'ratio writing: 2 of 2 candidates name a finding; give some that do and some that do not',
    );
    expect(() => fitRatioWriting(candidates, { ...validation, names: [1, 1, 1, 1] })).toThrow(
      'fitRatioWriting: 4 of 4 validation impressions name a finding; give studies of both kinds',
    );
    expect(() => fitRatioWriting(candidates, validation, { weights: [] })).toThrow('fitRatioWriting: weights are []; give finite numbers, such as 0 to 1');
    expect(() => fitRatioWriting(candidates, validation, { ciderFraction: 1.1 })).toThrow(
      "fitRatioWriting: ciderFraction is 1.1; give a fraction of the constant sentence's CIDEr, 0 to 1",
    );
    const impossible = { ...validation, logLikelihoods: table([-1, -Infinity, -7], [-1, -4, -7], [-1, -3, -7], [-1, -4, -5]) };
    expect(() => fitRatioWriting(candidates, impossible)).toThrow(
      'fitRatioWriting: a validation study gives "Cardiomegaly." the probability 0; leave that candidate out',
    );
    expect(() => fitRatioWriting(candidates, { ...validation, names: [1] })).toThrow('fitRatioWriting: 1 labels but 4 rows of log-likelihoods');
    expect(() => namingScores(table([-1, -2]), candidates)).toThrow('namingScores: log-likelihoods have shape [1, 2] and 2 values; give (studies, 3)');
  });
});
