// The texts of an evaluation: what each branch writes beside baselines, their scores, and the labels that they state.
import type { Loader, Study } from '@hybridmed/data';
import { mostFrequent, nearestTexts, normalizeForComparison, textIntervals, textScores } from '@hybridmed/eval';
import { consensusTexts } from '@hybridmed/eval/generation';
import type { Branch, LikelihoodRatio } from '@hybridmed/model';
import type { BranchInput, ModelSession } from '@hybridmed/model/session';
import { createRatioWriter } from '../ratio/ratio-writer.ts';
import { judgesImages } from './evaluation-plan.ts';
import { labelAgreement } from './label-agreement.ts';
import type { Measurements, Share } from './measurements.ts';
import { sharedBatches, sharedTexts } from './measurements.ts';
import type { EvaluationReport, Example, NamedTexts, TextRow, TextTable } from './report.ts';
import { mapSystems } from './systems.ts';

/** What the texts add to the report, and to each study's example. */
export interface TextSection {
  readonly text: TextTable;
  /** The texts themselves. */
  readonly texts: NamedTexts;
  readonly labels?: EvaluationReport['labels'];
  readonly byStudy: readonly Pick<Example, 'image' | 'imageRatio' | 'findings' | 'labels'>[];
}

/** Impressions that a branch writes for this share of the studies, in the loader's order. */
async function generateTexts(model: ModelSession, branch: Branch, loader: Loader, share: Share): Promise<string[]> {
  const texts: string[] = [];
  const add = async (input: BranchInput) => {
    for (const { text } of await model.generate(input)) texts.push(text);
  };
  if (branch === 'image') for await (const { arrays } of sharedBatches(loader, share)) await add({ image: arrays.image });
  else for (const { arrays } of sharedTexts(loader, share)) await add({ findings: { ids: arrays.findings, mask: arrays.findings_mask } });
  return texts;
}

/** Impressions by likelihood ratio, in the loader's order. */
async function writeByRatio(model: ModelSession, loader: Loader, ratio: LikelihoodRatio, share: Share): Promise<string[]> {
  const texts: string[] = [];
  const writer = createRatioWriter(model, ratio);
  for await (const { arrays } of sharedBatches(loader, share)) for (const { text } of await writer.write(arrays.image)) texts.push(text);
  return texts;
}

/** What the branches of a model write for this share of a loader's studies; `ratio` is how impressions are also written from images. */
export async function measureTexts(
  model: ModelSession,
  { loader, ratio, share }: { readonly loader: Loader; readonly ratio: LikelihoodRatio | undefined; readonly share: Share },
): Promise<Pick<Measurements, 'imageTexts' | 'ratioTexts' | 'findingsTexts'>> {
  return {
    imageTexts: judgesImages(model.info) ? await generateTexts(model, 'image', loader, share) : [],
    ratioTexts: ratio ? await writeByRatio(model, loader, ratio, share) : [],
    findingsTexts: await generateTexts(model, 'findings', loader, share),
  };
}

/** What the training studies alone would write for every study: see `textSystems`. */
function baselines(studies: readonly Study[], train: readonly Study[]): Pick<NamedTexts, 'mostFrequent' | 'nearestFindings' | 'consensus'> {
  const queries = studies.map(({ findings }) => findings);
  const corpus = { findings: train.map(({ findings }) => findings), impressions: train.map(({ impression }) => impression) };
  const frequent = mostFrequent(corpus.impressions.map(normalizeForComparison));
  const impressionsAt = (indices: readonly number[]) => indices.map((i) => corpus.impressions[i]!);
  return {
    mostFrequent: studies.map(() => frequent),
    nearestFindings: impressionsAt(nearestTexts(queries, corpus.findings)),
    consensus: impressionsAt(consensusTexts(queries, corpus)),
  };
}

/** The texts of the report; `train` is what the baselines know. */
export function textSection(
  { imageTexts, ratioTexts, findingsTexts: findings }: Pick<Measurements, 'imageTexts' | 'ratioTexts' | 'findingsTexts'>,
  { studies, train, hasRatio }: { readonly studies: readonly Study[]; readonly train: readonly Study[]; readonly hasRatio: boolean },
): TextSection {
  const image = imageTexts.length > 0 ? imageTexts : undefined;
  const imageRatio = hasRatio ? ratioTexts : undefined;
  const texts: NamedTexts = { ...(image ? { image } : {}), ...(imageRatio ? { imageRatio } : {}), findings, ...baselines(studies, train) };
  const truth = studies.map(({ impression }) => impression);
  const agreement = labelAgreement(studies, texts);
  return {
    texts,
    text: mapSystems(texts, (own, system): TextRow => ({
      ...textScores(own, truth),
      intervals: textIntervals(own, truth),
      ...(system === 'findings' ? { overConsensus: textIntervals(own, truth, { than: texts.consensus }) } : {}),
    })),
    ...(agreement.table ? { labels: agreement.table } : {}),
    byStudy: findings.map((text, i) => ({
      ...(image ? { image: image[i]! } : {}),
      ...(imageRatio ? { imageRatio: imageRatio[i]! } : {}),
      findings: text,
      ...agreement.byStudy[i],
    })),
  };
}
