// What an evaluation says of the common space: the protocols of retrieval and of zero-shot classification over one split, and neighbours of each study.
import type { Loader, Study } from '@hybridmed/data';
import type { Vectors } from '@hybridmed/eval';
import { cosineSimilarities, ranks } from '@hybridmed/eval';
import type { ClassScores } from '@hybridmed/eval/protocols';
import { classificationReport, promptScores, recallReport } from '@hybridmed/eval/protocols';
import type { ModelSession } from '@hybridmed/model/session';
import type { HostArray } from '@hybridmed/tensor';
import { embedTexts, joined } from '../features/embeddings.ts';
import { labelsOf, withTagLabels } from '../labelled-set.ts';
import { distinctImpressions } from '../retrieval/distinct-impressions.ts';
import { fittingPrompts } from '../zero-shot/prompt-file.ts';
import { embedPrompts } from '../zero-shot/prompt-vectors.ts';
import { isSupervised } from '../zero-shot/supervised.ts';
import { answersOf, aucRow } from './auc-rows.ts';
import type { EvaluationReport, Example, ZeroShotRow } from './report.ts';

/** What the common space adds to the report, and to each study's example. */
export interface AlignmentSection {
  readonly report: Pick<EvaluationReport, 'retrieval' | 'zeroShot' | 'meanAuc'>;
  readonly byStudy: readonly Pick<Example, 'rank' | 'nearest' | 'nearestImages' | 'zeroShot'>[];
}

const recallPlaces = [1, 5, 10, 50];
const shownNeighbours = 3;

/** Vectors of a loader's images by name, in order, the encoder run once over each: `embedding` (N, d), `global` (N, Dv). */
export async function imageVectors<K extends 'embedding' | 'global'>(
  model: ModelSession,
  loader: Loader,
  names: readonly K[],
): Promise<Readonly<Record<K, Vectors>>> {
  const parts = new Map<K, HostArray[]>(names.map((name) => [name, []]));
  for await (const { arrays } of loader.imageBatches()) {
    const features = await model.imageFeatures(arrays.image, names);
    for (const name of names) parts.get(name)!.push(features[name]);
    loader.recycle({ arrays, studies: [] });
  }
  return Object.fromEntries([...parts].map(([name, own]) => [name, joined(own)])) as Record<K, Vectors>;
}

/** Indices of the largest values, largest first. */
const largest = (values: Float64Array): number[] =>
  Array.from(values.keys())
    .toSorted((a, b) => values[b]! - values[a]!)
    .slice(0, shownNeighbours);

/** The rank of each study's own impression, from 1, and its neighbours: impressions to its image, images to its impression. */
function neighbours(images: Vectors, gallery: Vectors, texts: readonly string[], own: readonly number[], studies: readonly Study[]) {
  const size = texts.length;
  const similarities = cosineSimilarities(images, gallery);
  const ownRanks = ranks(similarities, own.length, (query, entry) => own[query] === entry);
  const nearestImages = texts.map((_, entry) => largest(Float64Array.from(own, (_own, query) => similarities[query * size + entry]!)));
  return own.map((entry, query) => {
    const row = similarities.subarray(query * size, (query + 1) * size);
    return {
      rank: ownRanks[query]! + 1,
      nearest: largest(row).map((i) => ({ impression: texts[i]!, own: i === entry, similarity: row[i]! })),
      nearestImages: nearestImages[entry]!.map((i) => studies[i]!.id),
    };
  });
}

/** Scores of every study by the shipped prompts that name a label of the set, or Open-I's tag. */
async function promptClasses(model: ModelSession, images: Vectors, studies: readonly Study[], spec: string): Promise<Record<string, ClassScores>> {
  const names = [...new Set(studies.flatMap(({ labels }) => Object.keys(labels ?? {})))];
  const vectors = await embedPrompts((texts) => embedTexts(model, texts), fittingPrompts(names, spec));
  return Object.fromEntries(Object.entries(vectors).map(([name, pair]) => [name, { labels: labelsOf(studies, name), scores: promptScores(images, pair) }]));
}

/** The table of zero-shot classification, without thresholds: a split has none of its own. */
function zeroShotTable({ info }: ModelSession, classes: Readonly<Record<string, ClassScores>>): Pick<EvaluationReport, 'zeroShot' | 'meanAuc'> {
  if (Object.keys(classes).length === 0) return { zeroShot: [] };
  const { classes: metrics, meanAuc } = classificationReport(classes);
  const zeroShot = Object.entries(metrics).map(([name, own]): ZeroShotRow => {
    return { name, ...aucRow(own), ...(isSupervised(info, name) ? { supervised: true } : {}) };
  });
  return { zeroShot, ...(meanAuc ? { meanAuc: meanAuc.value } : {}) };
}

/** Retrieval and zero-shot classification of studies by their images' unit vectors (N, d); `spec` names their data set, whose own prompts are taken where there are some. */
export async function alignmentSection(model: ModelSession, images: Vectors, studies: readonly Study[], spec: string): Promise<AlignmentSection> {
  const { texts, own } = distinctImpressions(studies);
  const gallery = await embedTexts(model, texts);
  const classes = await promptClasses(model, images, studies.map(withTagLabels), spec);
  return {
    report: { retrieval: recallReport(images, gallery, (query, entry) => own[query] === entry, recallPlaces), ...zeroShotTable(model, classes) },
    byStudy: neighbours(images, gallery, texts, own, studies).map((study, i) => ({ ...study, zeroShot: answersOf(classes, i) })),
  };
}
