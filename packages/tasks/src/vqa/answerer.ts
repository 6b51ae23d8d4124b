// A fitted model's answers to questions, chosen by its head or written by its decoder. It runs in a browser.
import type { StudyArrays } from '@hybridmed/data/browser';
import type { Stepper } from '@hybridmed/decoder';
import { createStepper, greedySearch } from '@hybridmed/decoder';
import type { Vectors } from '@hybridmed/eval';
import type { Checkpoint, Model } from '@hybridmed/model';
import { throughFrozen } from '@hybridmed/model/graphs';
import type { Device, DeviceState, HostArrays } from '@hybridmed/tensor';
import type { VqaModel } from './vqa-model.ts';

/** Max length of a written answer, in tokens. */
export const maxAnswerLength = 24;

/** Questions with their images, prepared for the model. */
export type QuestionArrays = Pick<StudyArrays, 'image' | 'findings' | 'findings_mask'>;

/** The fields of a batch that ask: the question and, through the frozen part of its encoder, the image. */
export async function questionFields({ vision }: Model, { config }: VqaModel, arrays: QuestionArrays): Promise<HostArrays> {
  return {
    ...(config.usesImage ? { image: await throughFrozen(vision, arrays.image) } : {}),
    findings: arrays.findings,
    findings_mask: arrays.findings_mask,
  };
}

/** Answers in order; of a head, with the probability of each answer that it knows, (questions, answers). */
export interface Answered {
  readonly answers: string[];
  readonly probabilities?: Vectors;
}

/** Answers of batches as those of all their questions. */
export function joinAnswered(parts: readonly Answered[]): Answered {
  const answers = parts.flatMap((part) => part.answers);
  const [first] = parts;
  if (!first?.probabilities) return { answers };
  const data = Float64Array.from(parts.flatMap(({ probabilities }) => Array.from(probabilities!.data)));
  return { answers, probabilities: { data, shape: [answers.length, first.probabilities.shape[1]!] } };
}

/** Answers a batch of questions. */
export type Answerer = (arrays: QuestionArrays) => Promise<Answered>;

/** Programs that answer. */
export interface AnswerPrograms {
  /** Answers by the parameters that a state holds. */
  open(state: DeviceState): Promise<Answerer>;
  release(): void;
}

/** Probabilities of a row of logits. */
function softmax(logits: readonly number[]): number[] {
  const most = Math.max(...logits);
  const powers = logits.map((logit) => Math.exp(logit - most));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

/** A head over answers: the likeliest of them. */
async function createChooser(device: Device, { model }: Checkpoint, vqa: VqaModel, answers: readonly string[]): Promise<AnswerPrograms> {
  const program = await device.compile(vqa.answerGraph());
  return {
    open: async (state) => async (arrays) => {
      const { logits } = await program.run(await questionFields(model, vqa, arrays), state);
      const questions = arrays.findings.shape[0]!;
      const rows = Array.from({ length: questions }, (_, row) => Array.from(logits!.data.subarray(row * answers.length, (row + 1) * answers.length)));
      return {
        answers: rows.map((scores) => answers[scores.indexOf(Math.max(...scores))]!),
        probabilities: { data: Float64Array.from(rows.flatMap(softmax)), shape: [questions, answers.length] },
      };
    },
    release: () => program.release?.(),
  };
}

/** The decoder's findings branch, reading the fused tokens: greedy. */
async function createWriter(device: Device, { model, tokenizer }: Checkpoint, vqa: VqaModel): Promise<AnswerPrograms> {
  const encode = await device.compile(vqa.memoryGraph());
  // The image branch's tensors are not part of this model; the stepper must not ask for them.
  const decoder = {
    ...model.decoder,
    parameters: Object.fromEntries(Object.entries(model.decoder.parameters).filter(([name]) => !name.includes('.image.') && !name.startsWith('pointer.'))),
  };
  const maxTokens = Math.min(maxAnswerLength, decoder.config.positions);
  const steppers: Stepper[] = [];
  return {
    async open(state) {
      const stepper = await createStepper(device, state, { decoder, branch: 'findings', maxTokens, masked: true });
      steppers.push(stepper);
      return async (arrays) => {
        await encode.run(await questionFields(model, vqa, arrays), state);
        const texts = await greedySearch(stepper, { studies: arrays.findings.shape[0]!, special: model.special });
        return { answers: texts.map((ids) => tokenizer.decode(ids)) };
      };
    },
    release() {
      for (const each of [encode, ...steppers]) each.release?.();
    },
  };
}

/** Compiles answering for a model. */
export const createAnswerer = (device: Device, checkpoint: Checkpoint, vqa: VqaModel, answers: readonly string[]): Promise<AnswerPrograms> =>
  vqa.config.mode === 'classify' ? createChooser(device, checkpoint, vqa, answers) : createWriter(device, checkpoint, vqa);
