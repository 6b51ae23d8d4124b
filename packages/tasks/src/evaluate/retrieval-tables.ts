// Tables of retrieval and zero-shot classification from vectors.
import type { Study } from '@hybridmed/data';
import type { Vectors } from '@hybridmed/eval';
import { auc, bootstrap, bootstrapMean, cosineSimilarities, normalizeForComparison, ranks, recallAt } from '@hybridmed/eval';
import { promptScores } from '@hybridmed/eval/protocols';
import type { ZeroShotTask } from './zero-shot-tasks.ts';
import type { RetrievalTable, ZeroShotRow } from './report.ts';

/** Distinct impressions, and for each study which one is its own. */
export function distinctImpressions(studies: readonly Study[]): { texts: string[]; own: number[] } {
  const index = new Map<string, number>();
  const texts: string[] = [];
  const own = studies.map(({ impression }) => {
    const key = normalizeForComparison(impression);
    if (!index.has(key)) {
      index.set(key, texts.length);
      texts.push(impression);
    }
    return index.get(key)!;
  });
  return { texts, own };
}

/** Indices of the largest values, largest first. */
function largest(values: Float64Array, count: number): number[] {
  return Array.from(values.keys())
    .toSorted((a, b) => values[b]! - values[a]!)
    .slice(0, count);
}

const shownNeighbours = 3;

/** The nearest neighbours of each study: impressions to its image, images to its impression. */
export function neighbours(images: Vectors, gallery: Vectors, texts: readonly string[], own: readonly number[], ids: readonly string[]) {
  const size = texts.length;
  const similarities = cosineSimilarities(images, gallery);
  const nearestImages = texts.map((_, entry) =>
    largest(
      Float64Array.from(own, (_own, query) => similarities[query * size + entry]!),
      shownNeighbours,
    ),
  );
  return own.map((entry, query) => {
    const row = similarities.subarray(query * size, (query + 1) * size);
    return {
      nearest: largest(row, shownNeighbours).map((i) => ({ impression: texts[i]!, own: i === entry, similarity: row[i]! })),
      nearestImages: nearestImages[entry]!.map((i) => ids[i]!),
    };
  });
}

/** Recall of each image's own impression among all of them, and the rank of each, from 0. */
export function retrievalTable(images: Vectors, gallery: Vectors, own: readonly number[]): { table: RetrievalTable; ranks: number[] } {
  const size = gallery.shape[0]!;
  const ownRanks = ranks(cosineSimilarities(images, gallery), own.length, (query, entry) => own[query] === entry);
  const recall = Object.fromEntries(
    [1, 5, 10, 50]
      .filter((k) => k < size)
      .map((k) => {
        const { low, high } = bootstrapMean(ownRanks.map((rank) => (rank < k ? 1 : 0)));
        return [`R@${k}`, { value: recallAt(ownRanks, k), low, high, chance: k / size }];
      }),
  );
  return { table: { gallery: size, medianRank: ownRanks.toSorted((a, b) => a - b)[Math.floor(ownRanks.length / 2)]! + 1, recall }, ranks: ownRanks };
}

/** A study's answer to a question: the truth, and the score. */
export interface ZeroShotAnswer {
  readonly study: number;
  readonly truth: 0 | 1;
  readonly score: number;
}

/** One question: the mean of the positive prompts' vectors against that of the negative ones. */
export function zeroShotRow(
  task: ZeroShotTask,
  studies: readonly Study[],
  images: Vectors,
  positive: Vectors,
  negative: Vectors,
): { row: ZeroShotRow; answered: ZeroShotAnswer[] } {
  const scores = promptScores(images, { positive, negative });
  const answered = studies.flatMap((study, i) => {
    const truth = task.truth(study);
    return truth === undefined ? [] : [{ study: i, truth, score: scores[i]! }];
  });
  const positives = answered.filter(({ truth }) => truth === 1).length;
  const row = { name: task.name, positives, studies: answered.length };
  if (positives === 0) return { row: { ...row, auc: null, undefined: `none of the ${answered.length} studies is positive` }, answered };
  if (positives === answered.length) return { row: { ...row, auc: null, undefined: `all ${answered.length} studies are positive` }, answered };
  const interval = bootstrap(answered.length, (indices) =>
    auc(
      Array.from(indices, (i) => answered[i]!.truth),
      Array.from(indices, (i) => answered[i]!.score),
    ),
  );
  return { row: { ...row, auc: interval }, answered };
}
