// The texts of an evaluation: what each branch writes beside baselines, their scores, and the labels that they state.
import type { Loader, Study } from '@hybridmed/data';
import { mostFrequent, nearestTexts, normalizeForComparison, textIntervals, textScores } from '@hybridmed/eval';
import { consensusTexts } from '@hybridmed/eval/generation';
import type { Branch, LikelihoodRatio } from '@hybridmed/model';
import type { BranchInput, ModelSession } from '@hybridmed/model/session';
import { createRatioWriter } from '../ratio/ratio-writer.ts';
import { judgesImages } from './evaluation-plan.ts';
import { labelAgreement } from './label-agreement.ts';
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

/** Impressions that a branch writes, in the loader's order. */
async function generateTexts(model: ModelSession, branch: Branch, loader: Loader): Promise<string[]> {
  const texts: string[] = [];
  const add = async (input: BranchInput) => {
    for (const { text } of await model.generate(input)) texts.push(text);
  };
  if (branch === 'image') for await (const { arrays } of loader.batches()) await add({ image: arrays.image });
  else for (const { arrays } of loader.texts(32)) await add({ findings: { ids: arrays.findings, mask: arrays.findings_mask } });
  return texts;
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

/** Impressions by likelihood ratio, in the loader's order. */
async function ratioTexts(model: ModelSession, loader: Loader, ratio: LikelihoodRatio): Promise<string[]> {
  const texts: string[] = [];
  const writer = createRatioWriter(model, ratio);
  for await (const { arrays } of loader.batches()) for (const { text } of await writer.write(arrays.image)) texts.push(text);
  return texts;
}

/** Texts of a loader's studies; `train` is what the baselines know, `ratio` how impressions are also written from images. */
export async function textSection(model: ModelSession, loader: Loader, train: readonly Study[], ratio?: LikelihoodRatio): Promise<TextSection> {
  const { studies } = loader;
  const image = judgesImages(model.info) ? await generateTexts(model, 'image', loader) : undefined;
  const imageRatio = ratio && (await ratioTexts(model, loader, ratio));
  const findings = await generateTexts(model, 'findings', loader);
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
