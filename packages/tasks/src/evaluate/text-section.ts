// The texts of an evaluation: what each branch writes beside two baselines, their scores, and the labels that they state.
import type { Loader, Study } from '@hybridmed/data';
import { mostFrequent, nearestTexts, normalizeForComparison, textIntervals, textScores } from '@hybridmed/eval';
import type { Branch } from '@hybridmed/model';
import type { BranchInput, ModelSession } from '@hybridmed/model/session';
import { labelAgreement } from './label-agreement.ts';
import type { EvaluationReport, Example, NamedTexts, TextRow, TextTable } from './report.ts';

/** What the texts add to the report, and to each study's example. */
export interface TextSection {
  readonly text: TextTable;
  readonly labels?: EvaluationReport['labels'];
  readonly byStudy: readonly Pick<Example, 'image' | 'findings' | 'labels'>[];
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

/** The most frequent training impression, and the impression of the training study with the nearest findings, for every study. */
function baselines(studies: readonly Study[], train: readonly Study[]): Pick<NamedTexts, 'mostFrequent' | 'nearestFindings'> {
  const nearest = nearestTexts(
    studies.map(({ findings }) => findings),
    train.map(({ findings }) => findings),
  );
  return {
    mostFrequent: studies.map(() => mostFrequent(train.map(({ impression }) => normalizeForComparison(impression)))),
    nearestFindings: nearest.map((i) => train[i]!.impression),
  };
}

/** Texts of a loader's studies; `train` is what the baselines know. */
export async function textSection(model: ModelSession, loader: Loader, train: readonly Study[]): Promise<TextSection> {
  const { studies } = loader;
  const image = model.info.stage === 2 ? await generateTexts(model, 'image', loader) : undefined;
  const findings = await generateTexts(model, 'findings', loader);
  const { mostFrequent: frequent, nearestFindings } = baselines(studies, train);
  const truth = studies.map(({ impression }) => impression);
  const row = (texts: readonly string[]): TextRow => ({ ...textScores(texts, truth), intervals: textIntervals(texts, truth) });
  const agreement = labelAgreement(studies, { image, findings, mostFrequent: frequent, nearestFindings });
  return {
    text: { ...(image ? { image: row(image) } : {}), findings: row(findings), mostFrequent: row(frequent), nearestFindings: row(nearestFindings) },
    ...(agreement.table ? { labels: agreement.table } : {}),
    byStudy: findings.map((text, i) => ({ ...(image ? { image: image[i]! } : {}), findings: text, ...agreement.byStudy[i] })),
  };
}
