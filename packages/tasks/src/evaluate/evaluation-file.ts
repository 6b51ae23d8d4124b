// evaluation.json of a run: written once for a checkpoint and its studies, read as long as both are the same.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { DataSet, SelectOptions } from '@hybridmed/data';
import { tracedModel } from '@hybridmed/model/session';
import type { OpenedModel } from '@hybridmed/runtime';
import { hashParameters, readConfig, resolveCheckpoint, readableStudies } from '@hybridmed/runtime';
import { fileError, isFolder, readJson, writeFileAtomic } from '@hybridmed/runtime/files';
import { hashIds } from '@hybridmed/runtime/run';
import { z } from 'zod';
import type { EvaluateOptions } from './evaluate.ts';
import { evaluate } from './evaluate.ts';
import { evaluationSchema } from './evaluation-schema.ts';
import type { EvaluationReport } from './report.ts';
import { requiredSystems } from './systems.ts';

const fileOf = (run: string): string => join(run, 'evaluation.json');

/** What tells whether an evaluation is of this version and this checkpoint. */
const objects = z.looseObject({
  inputs: z.looseObject({ checkpoint: z.string() }),
  split: z.string(),
  likelihoodRatio: z.unknown().optional(),
  text: z.record(z.string(), z.unknown()),
  examples: z.array(z.looseObject({ loss: z.looseObject({}) })),
});

/** Earlier versions had other names for what a study's example holds, and fewer systems. */
const isOfThisVersion = ({ examples, text }: z.infer<typeof objects>): boolean =>
  !examples.some(({ loss }) => 'otherFilm' in loss) && requiredSystems.every((key) => text[key] !== undefined);

/** The object that a file holds, by a schema. Throws one line that names the file and the key that is wrong. */
function checked<T>(file: string, content: unknown, schema: z.ZodType<T>): T {
  const result = schema.safeParse(content);
  if (result.success) return result.data;
  const { path, message } = result.error.issues[0]!;
  throw fileError(
    file,
    `"${path.join('.')}": ${message.replace(/^Invalid input: /, '')}`,
    'restore what was written, or remove the file to have it made again',
  );
}

/**
 * A run's saved evaluation; undefined where there is none, or it is of another checkpoint or made by an earlier version. Throws one line
 * that names the file and the key of what is no evaluation.
 */
export async function savedEvaluation(run: string): Promise<EvaluationReport | undefined> {
  const file = fileOf(run);
  if (!existsSync(file)) return undefined;
  const saved = checked(file, (await readJson(file)) as unknown, objects);
  const folder = await resolveCheckpoint(run);
  if (saved.inputs.checkpoint !== (await hashParameters(folder)) || !isOfThisVersion(saved)) return undefined;
  // Chosen anew since then, or not yet then; on the split that chooses it is not evaluated.
  const { likelihoodRatio } = await readConfig(folder);
  if (saved.split !== 'validate' && JSON.stringify(saved.likelihoodRatio) !== JSON.stringify(likelihoodRatio)) return undefined;
  return checked(file, saved, evaluationSchema) as unknown as EvaluationReport;
}

/**
 * The evaluation of a run's folder, or of a file that `evaluate --json` printed. Throws one line where a run has none of its checkpoint and
 * of this version, or the file holds none.
 */
export async function readEvaluation(path: string): Promise<EvaluationReport> {
  if (!(await isFolder(path))) return checked(path, (await readJson(path)) as unknown, evaluationSchema) as unknown as EvaluationReport;
  const saved = await savedEvaluation(path);
  if (!saved) throw fileError(path, 'has no evaluation of its checkpoint', `make one with \`hybridmed report ${path}\``);
  return saved;
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
