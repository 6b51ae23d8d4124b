// A fitted model's answers to questions, chosen by its head or written by its decoder.
import type { Loader, Question, StudyArrays } from '@hybridmed/data';
import { createStepper, greedySearch } from '@hybridmed/decoder';
import type { Vectors } from '@hybridmed/eval';
import type { Checkpoint, Model } from '@hybridmed/model';
import { throughFrozen } from '@hybridmed/model/graphs';
import { modelInput, studyLoader } from '@hybridmed/runtime';
import type { Device, DeviceState, HostArrays } from '@hybridmed/tensor';
import type { VqaModel } from './vqa-model.ts';
import { asStudies } from './questions.ts';

/** Max length of a written answer, in tokens. */
const maxAnswerLength = 24;

/** A loader of questions with their images, prepared as the checkpoint's model takes them. */
export function questionLoader(
  { config, model, tokenizer }: Checkpoint,
  questions: readonly Question[],
  options: { batchSize: number; train: boolean; seed?: number },
): Loader {
  const input = { ...config.input, impressionLength: Math.min(maxAnswerLength, config.input.impressionLength) };
  return studyLoader(modelInput(model.vision, input), { studies: asStudies(questions), tokenizer, ...options });
}

/** The fields of a batch that ask: the question and, through the frozen part of its encoder, the image. */
export async function questionFields({ vision }: Model, { config }: VqaModel, arrays: StudyArrays): Promise<HostArrays> {
  return {
    ...(config.usesImage ? { image: await throughFrozen(vision, arrays.image) } : {}),
    findings: arrays.findings,
    findings_mask: arrays.findings_mask,
  };
}

/** Answers in a loader's order; of a head, with the probability of each answer that it knows, (questions, answers). */
export interface Answered {
  readonly answers: string[];
  readonly probabilities?: Vectors;
}

/** Answers a loader's questions. */
export type Answerer = (state: DeviceState, loader: Loader) => Promise<Answered>;

/** Probabilities of a row of logits. */
function softmax(logits: readonly number[]): number[] {
  const most = Math.max(...logits);
  const powers = logits.map((logit) => Math.exp(logit - most));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

/** A head over answers: the likeliest of them. */
async function createChooser(device: Device, { model }: Checkpoint, vqa: VqaModel, answers: readonly string[]): Promise<Answerer> {
  const program = await device.compile(vqa.answerGraph());
  return async (state, loader) => {
    const chosenAnswers: string[] = [];
    const probabilities: number[] = [];
    for await (const { arrays, studies } of loader.batches()) {
      const { logits } = await program.run(await questionFields(model, vqa, arrays), state);
      studies.forEach((_, row) => {
        const scores = Array.from(logits!.data.subarray(row * answers.length, (row + 1) * answers.length));
        chosenAnswers.push(answers[scores.indexOf(Math.max(...scores))]!);
        probabilities.push(...softmax(scores));
      });
    }
    return { answers: chosenAnswers, probabilities: { data: Float64Array.from(probabilities), shape: [chosenAnswers.length, answers.length] } };
  };
}

/** The decoder's findings branch, reading the fused tokens: greedy. */
async function createWriter(device: Device, { model, tokenizer }: Checkpoint, vqa: VqaModel): Promise<Answerer> {
  const encode = await device.compile(vqa.memoryGraph());
  // The image branch's tensors are not part of this model; the stepper must not ask for them.
  const decoder = {
    ...model.decoder,
    parameters: Object.fromEntries(Object.entries(model.decoder.parameters).filter(([name]) => !name.includes('.image.') && !name.startsWith('pointer.'))),
  };
  return async (state, loader) => {
    const stepper = await createStepper(device, state, {
      decoder,
      branch: 'findings',
      maxTokens: Math.min(maxAnswerLength, decoder.config.positions),
      masked: true,
    });
    const writtenAnswers: string[] = [];
    for await (const { arrays, studies } of loader.batches()) {
      await encode.run(await questionFields(model, vqa, arrays), state);
      const texts = await greedySearch(stepper, { studies: studies.length, special: model.special });
      writtenAnswers.push(...texts.map((ids) => tokenizer.decode(ids)));
    }
    return { answers: writtenAnswers };
  };
}

/** Compiles answering for a model. */
export const createAnswerer = (device: Device, checkpoint: Checkpoint, vqa: VqaModel, answers: readonly string[]): Promise<Answerer> =>
  vqa.config.mode === 'classify' ? createChooser(device, checkpoint, vqa, answers) : createWriter(device, checkpoint, vqa);
