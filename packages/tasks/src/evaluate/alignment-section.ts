// What an evaluation says of the common space: retrieval, neighbours, and zero-shot classification.
import type { Loader } from '@hybridmed/data';
import type { EvaluatedModel } from './evaluated-model.ts';
import { zeroShotTasks } from './zero-shot-tasks.ts';
import type { EvaluationReport, Example, ZeroShotRow } from './report.ts';
import { distinctImpressions, neighbours, retrievalTable, zeroShotRow } from './retrieval-tables.ts';

/** What the common space adds to the report, and to each study's example. */
export interface AlignmentSection {
  readonly report: Pick<EvaluationReport, 'retrieval' | 'zeroShot' | 'meanAuc'>;
  readonly byStudy: readonly Pick<Example, 'rank' | 'nearest' | 'nearestImages' | 'zeroShot'>[];
}

/** Retrieval and zero-shot classification of a loader's studies. */
export async function alignmentSection(model: EvaluatedModel, loader: Loader): Promise<AlignmentSection> {
  const { studies } = loader;
  const images = await model.embedImages(loader);
  const { texts, own } = distinctImpressions(studies);
  const gallery = await model.embedTexts(texts);
  const { table, ranks } = retrievalTable(images, gallery, own);
  const ids = studies.map(({ id }) => id);
  const nearest = neighbours(images, gallery, texts, own, ids);
  const zeroShot: ZeroShotRow[] = [];
  const answers: Record<string, { truth: 0 | 1; score: number }>[] = studies.map(() => ({}));
  for (const task of zeroShotTasks(studies)) {
    const [positive, negative] = [await model.embedTexts(task.prompts.positive), await model.embedTexts(task.prompts.negative)];
    const { row, answered } = zeroShotRow(task, studies, images, positive, negative);
    zeroShot.push(row);
    for (const { study, ...answer } of answered) answers[study]![task.name] = answer;
  }
  const aucs = zeroShot.flatMap(({ auc }) => (auc === null ? [] : [auc.value]));
  return {
    report: { retrieval: table, zeroShot, ...(aucs.length > 0 ? { meanAuc: aucs.reduce((a, b) => a + b, 0) / aucs.length } : {}) },
    byStudy: ranks.map((rank, i) => ({ rank: rank + 1, ...nearest[i]!, zeroShot: answers[i]! })),
  };
}
