// What an evaluation says of the common space: the protocols of retrieval and of zero-shot classification over one split, and neighbours of each study.
import type { Loader, Study } from '@hybridmed/data';
import type { Vectors } from '@hybridmed/eval';
import { cosineSimilarities, ranks } from '@hybridmed/eval';
import type { ClassScores } from '@hybridmed/eval/protocols';
import { classificationReport, promptScores, recallReport } from '@hybridmed/eval/protocols';
import type { ModelSession } from '@hybridmed/model/session';
import type { HostArray } from '@hybridmed/tensor';
import { embedTexts, textBatch } from '../features/embeddings.ts';
import { labelsOf, withTagLabels } from '../labelled-set.ts';
import { distinctImpressions } from '../retrieval/distinct-impressions.ts';
import { fittingPrompts } from '../zero-shot/prompt-file.ts';
import type { PromptSets } from '../zero-shot/prompt-sets.ts';
import { embedPrompts, promptSentences } from '../zero-shot/prompt-vectors.ts';
import { isSupervised } from '../zero-shot/supervised.ts';
import { answersOf, aucRow } from './auc-rows.ts';
import { hasImageLabels } from './label-head-section.ts';
import type { EvaluatedModel, Measurements, Share, VectorPiece } from './measurements.ts';
import { joinedVectors, sharedImages } from './measurements.ts';
import type { EvaluationReport, Example, ZeroShotRow } from './report.ts';

/** What the common space adds to the report, and to each study's example. */
export interface AlignmentSection {
  readonly report: Pick<EvaluationReport, 'retrieval' | 'zeroShot' | 'meanAuc'>;
  readonly byStudy: readonly Pick<Example, 'rank' | 'nearest' | 'nearestImages' | 'zeroShot'>[];
}

const recallPlaces = [1, 5, 10, 50];
const shownNeighbours = 3;

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

/** The shipped prompts that name a label of the studies, or Open-I's tag. */
const promptsOf = (studies: readonly Study[], spec: string): PromptSets =>
  fittingPrompts([...new Set(studies.flatMap(({ labels }) => Object.keys(labels ?? {})))], spec);

/** Scores of every study by prompts. */
async function promptClasses(images: Vectors, prompts: PromptSets, sentences: Vectors, studies: readonly Study[]): Promise<Record<string, ClassScores>> {
  const vectors = await embedPrompts(() => Promise.resolve(sentences), prompts);
  return Object.fromEntries(Object.entries(vectors).map(([name, pair]) => [name, { labels: labelsOf(studies, name), scores: promptScores(images, pair) }]));
}

/** The table of zero-shot classification, without thresholds: a split has none of its own. */
function zeroShotTable(model: EvaluatedModel, classes: Readonly<Record<string, ClassScores>>): Pick<EvaluationReport, 'zeroShot' | 'meanAuc'> {
  if (Object.keys(classes).length === 0) return { zeroShot: [] };
  const { classes: metrics, meanAuc } = classificationReport(classes);
  const zeroShot = Object.entries(metrics).map(([name, own]): ZeroShotRow => {
    return { name, ...aucRow(own), ...(isSupervised(model, name) ? { supervised: true } : {}) };
  });
  return { zeroShot, ...(meanAuc ? { meanAuc: meanAuc.value } : {}) };
}

/** The studies, and the specification of their data set, whose own prompts are taken where there are some. */
interface Evaluated {
  readonly studies: readonly Study[];
  readonly spec: string;
  readonly model: EvaluatedModel;
}

const vectorPiece = ({ data, shape }: Pick<HostArray, 'data' | 'shape'>): VectorPiece => ({ data: Float32Array.from(data), shape });

/** Vectors of this share of a loader's images (those of the encoder itself where a head reads them), of the distinct impressions, and of the prompts. */
export async function measureAlignment(
  model: ModelSession,
  { loader, spec, share }: { readonly loader: Loader; readonly spec: string; readonly share: Share },
): Promise<Pick<Measurements, 'imageVectors' | 'encoderVectors' | 'impressionVectors' | 'promptVectors'>> {
  const [imageVectors, encoderVectors]: [VectorPiece[], VectorPiece[]] = [[], []];
  const labelled = hasImageLabels(model);
  for await (const { arrays } of sharedImages(loader, share)) {
    const { embedding, global } = await model.imageFeatures(arrays.image, labelled ? ['embedding', 'global'] : ['embedding']);
    imageVectors.push(vectorPiece(embedding));
    if (global) encoderVectors.push(vectorPiece(global));
    loader.recycle({ arrays, studies: [] });
  }
  const vectorsOf = async (texts: readonly string[]): Promise<VectorPiece[]> => {
    const [first, end] = share(Math.ceil(texts.length / textBatch));
    if (first === end) return [];
    return [vectorPiece(await embedTexts(model, texts.slice(first * textBatch, end * textBatch)))];
  };
  return {
    imageVectors,
    encoderVectors,
    impressionVectors: await vectorsOf(distinctImpressions(loader.studies).texts),
    promptVectors: await vectorsOf(promptSentences(promptsOf(loader.studies.map(withTagLabels), spec))),
  };
}

/** Retrieval and zero-shot classification of the report. */
export async function alignmentSection(
  measured: Pick<Measurements, 'imageVectors' | 'impressionVectors' | 'promptVectors'>,
  { studies, spec, model }: Evaluated,
): Promise<AlignmentSection> {
  const [images, gallery, sentences] = [measured.imageVectors, measured.impressionVectors, measured.promptVectors].map(joinedVectors) as [
    Vectors,
    Vectors,
    Vectors,
  ];
  const { texts, own } = distinctImpressions(studies);
  const tagged = studies.map(withTagLabels);
  const classes = await promptClasses(images, promptsOf(tagged, spec), sentences, tagged);
  return {
    report: { retrieval: recallReport(images, gallery, (query, entry) => own[query] === entry, recallPlaces), ...zeroShotTable(model, classes) },
    byStudy: neighbours(images, gallery, texts, own, studies).map((study, i) => ({ ...study, zeroShot: answersOf(classes, i) })),
  };
}
