// Questions of a data set with their images, batch by batch, and their answers in order.
import type { Loader, Question } from '@hybridmed/data';
import type { Checkpoint } from '@hybridmed/model';
import { modelInput, studyLoader } from '@hybridmed/runtime';
import type { Answered, Answerer } from './answerer.ts';
import { joinAnswered, maxAnswerLength } from './answerer.ts';
import { asStudies } from './questions.ts';

/** A loader of questions with their images, prepared as the checkpoint's model takes them. */
export function questionLoader(
  { config, model, tokenizer }: Checkpoint,
  questions: readonly Question[],
  options: { batchSize: number; train: boolean; seed?: number },
): Loader {
  const input = { ...config.input, impressionLength: Math.min(maxAnswerLength, config.input.impressionLength) };
  return studyLoader(modelInput(model.vision, input), { studies: asStudies(questions), tokenizer, ...options });
}

/** Answers a loader's questions, in its order. */
export async function answerAll(answer: Answerer, loader: Loader): Promise<Answered> {
  const parts: Answered[] = [];
  for await (const { arrays } of loader.batches()) parts.push(await answer(arrays));
  return joinAnswered(parts);
}
