// A pipeline from its row: the task is known, the model has what it needs, and what was opened is closed.
import type { ModelSession } from '@hybridmed/model/session';
import { HybridmedError } from '@hybridmed/tensor';
import { nearestKey } from '@hybridmed/training/options';
import type { VqaSession } from '../vqa/vqa-session.ts';
import type { ImageReader } from './contract.ts';
import type { AnswerRow, ModelRow, PipelineCall, PipelineTask } from './rows.ts';
import { pipelineRows } from './rows.ts';

/** A pipeline: a function of its task's inputs, which holds a model until it is closed. */
export type Pipeline<Image, T extends PipelineTask> = PipelineCall<Image, T> & {
  readonly task: T;
  /** Frees its programs, and the model and device where the pipeline has opened them. */
  close(): Promise<void>;
};

/** What a pipeline works on; `close` frees what was opened for it. */
export type PipelineModel = ({ readonly model: ModelSession } | { readonly answers: VqaSession }) & { close(): Promise<void> };

const noImages: ImageReader<never> = { square: (image) => image, grey: (image) => image };

/** Each task with the folder that it needs, in one line. */
export const pipelineTasks = Object.fromEntries(Object.entries(pipelineRows(noImages)).map(([task, { needs }]) => [task, needs])) as Readonly<
  Record<PipelineTask, string>
>;

/** What kind of folder a task needs. Throws one line for a task that there is not, with the nearest name. */
export function checkTask(task: string): 'model' | 'answers' {
  const rows = pipelineRows(noImages);
  if (Object.hasOwn(rows, task)) return rows[task as PipelineTask].of;
  const nearest = nearestKey(task, Object.keys(rows));
  throw new HybridmedError(`there is no task "${task}"${nearest === undefined ? '' : `; is it "${nearest}"?`} The tasks are ${Object.keys(rows).join(', ')}`);
}

/** The error of a folder of another kind than a task needs. */
export const wrongFolder = (source: string, what: string, task: PipelineTask): HybridmedError =>
  new HybridmedError(`${source}: ${what}; the task "${task}" needs ${pipelineTasks[task]}`);

function callOf(row: ModelRow<unknown> | AnswerRow<unknown>, opened: PipelineModel, task: PipelineTask) {
  if (row.of === 'answers') {
    if ('answers' in opened) return row.open(opened.answers);
    throw wrongFolder(opened.model.info.source, 'is no model of visual question answering', task);
  }
  if ('answers' in opened) throw wrongFolder('the folder', 'holds a model of visual question answering', task);
  const { model } = opened;
  if (!row.parts.some((part) => model.has(part))) model.require(row.parts[0]);
  return row.open(model);
}

/** A pipeline over what is open. Throws one line where that is not what the task needs, and then closes it. */
export async function pipelineOver<Image, T extends PipelineTask>(task: T, opened: PipelineModel, read: ImageReader<Image>): Promise<Pipeline<Image, T>> {
  try {
    const row = pipelineRows(read)[task] as ModelRow<unknown> | AnswerRow<unknown>;
    const { call, release } = callOf(row, opened, task);
    const close = async (): Promise<void> => {
      release?.();
      await opened.close();
    };
    return Object.assign(call as object, { task, close }) as Pipeline<Image, T>;
  } catch (error) {
    await opened.close();
    throw error;
  }
}
