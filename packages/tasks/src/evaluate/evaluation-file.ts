// evaluation.json of a run: written once for a checkpoint and its studies, read as long as both are the same.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { DataSet, SelectOptions } from '@hybridmed/data';
import { tracedModel } from '@hybridmed/model/session';
import type { OpenedModel } from '@hybridmed/runtime';
import { hashParameters, resolveCheckpoint, readableStudies } from '@hybridmed/runtime';
import { readJson, writeFileAtomic } from '@hybridmed/runtime/files';
import { hashIds } from '@hybridmed/runtime/run';
import type { EvaluateOptions } from './evaluate.ts';
import { evaluate } from './evaluate.ts';
import type { EvaluationReport } from './report.ts';
import { textSystems } from './systems.ts';

const fileOf = (run: string): string => join(run, 'evaluation.json');

/** Earlier versions had other names for what a study's example holds, and fewer systems. */
const isOfThisVersion = ({ examples, text }: EvaluationReport): boolean =>
  !examples.some(({ loss }) => 'otherFilm' in loss) && textSystems.every(({ key }) => key === 'image' || text[key] !== undefined);

/** A run's saved evaluation; undefined where there is none, or it is of another checkpoint or made by an earlier version. */
export async function savedEvaluation(run: string): Promise<EvaluationReport | undefined> {
  if (!existsSync(fileOf(run))) return undefined;
  const saved = (await readJson(fileOf(run))) as EvaluationReport;
  return saved.inputs?.checkpoint === (await hashParameters(await resolveCheckpoint(run))) && isOfThisVersion(saved) ? saved : undefined;
}

/** What to evaluate: a run on a split of an open data set. */
export interface RunEvaluation extends Pick<EvaluateOptions, 'onMessage'> {
  readonly run: string;
  readonly data: DataSet;
  readonly split: 'validate' | 'test';
  /** What is taken of the data set. */
  readonly select: SelectOptions;
  readonly limit: number;
  /** Opens the run's model, where it is not evaluated yet. */
  readonly model: () => Promise<OpenedModel>;
}

/** A run's evaluation on a split, from its file where that is of the same checkpoint and studies, else made and saved. */
export async function evaluateRun({ run, data, split, select, limit, model: open, onMessage }: RunEvaluation): Promise<EvaluationReport> {
  const ofSplit = data.studies.filter((study) => study.split === split);
  const { studies } = await readableStudies(limit > 0 ? ofSplit.slice(0, limit) : ofSplit);
  const saved = await savedEvaluation(run);
  if (saved && saved.inputs.studies === hashIds(studies) && saved.split === split) return saved;
  const model = await open();
  const { device } = tracedModel(model, 'the evaluation of a run');
  const report = await evaluate({ model, data: data.spec, split, limit, select, device, ...(onMessage ? { onMessage } : {}) });
  await writeFileAtomic(fileOf(run), [`${JSON.stringify(report, undefined, 2)}\n`]);
  return report;
}
