// Fits visual question answering to a data set's training questions: the model, and the baseline that reads the question alone.
import { existsSync } from 'node:fs';
import type { SelectOptions } from '@hybridmed/data';
import { answerVocabulary, normalizeAnswer, strictMatch } from '@hybridmed/eval/protocols';
import type { Checkpoint } from '@hybridmed/model';
import { presets } from '@hybridmed/model/presets';
import { tracedModel, untrainedError } from '@hybridmed/model/session';
import { initialize } from '@hybridmed/nn';
import type { OpenedModel } from '@hybridmed/runtime';
import { hashNames } from '@hybridmed/runtime';
import { checkFolderPath, fileError } from '@hybridmed/runtime/files';
import type { Device, HostArrays } from '@hybridmed/tensor';
import type { Fitted } from '@hybridmed/training';
import { fit } from '@hybridmed/training';
import { questionFields, createAnswerer } from './answerer.ts';
import { answerAll, questionLoader } from './question-loader.ts';
import type { VqaSettings } from './vqa-folder.ts';
import { configsOf, saveVqa } from './vqa-folder.ts';
import type { AnswerMode, VqaConfig } from './vqa-model.ts';
import { vqaModel } from './vqa-model.ts';
import type { QuestionSet, QuestionSplit } from './questions.ts';
import { openQuestions } from './questions.ts';

/** What to fit, to what. */
export interface VqaTrainOptions {
  /** A checkpoint on a device. */
  readonly model: OpenedModel;
  readonly data: string;
  readonly out: string;
  readonly select?: SelectOptions;
  readonly mode?: AnswerMode;
  readonly questionSplit?: QuestionSplit;
  readonly fromScratch?: boolean;
  /** Layers of the fusion. */
  readonly depth?: number;
  readonly dropout?: number;
  readonly epochs?: number;
  readonly batch?: number;
  readonly learningRate?: number | undefined;
  readonly weightDecay?: number;
  readonly patience?: number;
  readonly seed?: number;
  readonly onMessage?: ((text: string) => void) | undefined;
}

/** A fitted model's settings and folder. */
export type VqaTrainResult = VqaSettings & { readonly out: string };

/** One system to fit. */
interface System {
  readonly name: string;
  readonly checkpoint: Checkpoint;
  readonly questions: QuestionSet;
  readonly answers: readonly string[];
  readonly config: VqaConfig;
  readonly options: Required<Pick<VqaTrainOptions, 'fromScratch' | 'epochs' | 'batch' | 'weightDecay' | 'patience' | 'seed' | 'onMessage'>> & {
    readonly device: Device;
    readonly learningRate: number;
  };
}

/** Batches with the fields that the task reads. */
async function* batchesOf(
  { model: whole }: Checkpoint,
  loader: ReturnType<typeof questionLoader>,
  model: ReturnType<typeof vqaModel>,
  targets: Int32Array,
  epoch: number,
): AsyncGenerator<HostArrays> {
  for await (const { arrays, studies } of loader.batches({ epoch })) {
    const question = await questionFields(whole, model, arrays);
    if (model.config.mode === 'classify')
      yield { ...question, answer: { data: Int32Array.from(studies, (study) => targets[study]!), shape: [studies.length] } };
    else yield { ...question, input: arrays.input, target: arrays.target, target_mask: arrays.target_mask };
  }
}

async function fitSystem({ name, checkpoint, questions: { train, validate }, answers, config, options }: System): Promise<Fitted> {
  const { device, fromScratch, epochs, batch, learningRate, weightDecay, patience, seed, onMessage } = options;
  const vqa = vqaModel(checkpoint.model, config);
  const start = {
    ...initialize(vqa.parameters, seed),
    ...(fromScratch
      ? {}
      : Object.fromEntries(Object.keys(vqa.parameters).flatMap((key) => (checkpoint.parameters[key] ? [[key, checkpoint.parameters[key]]] : [])))),
  };
  const index = new Map(answers.map((answer, i) => [answer, i]));
  const targets = Int32Array.from(train, (question) => index.get(normalizeAnswer(question.answers[0]!)) ?? 0);
  const loader = questionLoader(checkpoint, train, { batchSize: Math.min(batch, train.length), train: true, seed });
  const validation = questionLoader(checkpoint, validate, { batchSize: 32, train: false });
  const answerer = await createAnswerer(device, checkpoint, vqa, answers);
  try {
    return await fit({
      device,
      task: vqa.task,
      start,
      batches: (epoch) => batchesOf(checkpoint, loader, vqa, targets, epoch),
      stepsPerEpoch: loader.stepsPerEpoch,
      steps: epochs * loader.stepsPerEpoch,
      round: loader.stepsPerEpoch,
      patience,
      learningRate,
      weightDecay,
      seed,
      async validate(state) {
        const { answers: given } = await answerAll(await answerer.open(state), validation);
        return given.filter((text, i) => strictMatch(text, validate[i]!.answers)).length / validate.length;
      },
      onRound: ({ step, steps, loss, validation: value, best }) =>
        onMessage(`${name}: step ${step} of ${steps}, loss ${loss.toFixed(3)}, validation accuracy ${value.toFixed(3)}${best ? ' (best so far)' : ''}`),
    });
  } finally {
    await Promise.all([loader.close(), validation.close()]);
  }
}

/**
 * Fits a model and its question-only baseline to the training questions; test questions are not read. Throws one line for exported
 * graphs, a stage-1 checkpoint (unless from scratch), a set without questions, answers of zero length, or a folder that exists.
 */
export async function trainVqa({
  model: opened,
  data: spec,
  out,
  select = {},
  mode = 'classify',
  questionSplit = 'published',
  fromScratch = false,
  depth = 2,
  dropout = 0.1,
  epochs = 30,
  batch = 32,
  learningRate: rate,
  weightDecay = 0.05,
  patience = 6,
  seed = 0,
  onMessage = () => undefined,
}: VqaTrainOptions): Promise<VqaTrainResult> {
  if (existsSync(out)) throw fileError(out, 'exists', 'name another --out, or remove it');
  checkFolderPath(out);
  const { device, checkpoint } = tracedModel(opened, 'training visual question answering');
  if (!opened.info.readsImages) opened.require('vision');
  if (!fromScratch && !opened.has('vision')) throw untrainedError(opened.info, 'vision', ', or use --from-scratch');
  const questions = await openQuestions(spec, questionSplit, select);
  for (const warning of questions.data.warnings) onMessage(`warning: ${warning}`);
  const answers = mode === 'classify' ? answerVocabulary(questions.train.map((question) => question.answers[0]!)) : [];
  onMessage(
    `${questions.train.length} training and ${questions.validate.length} validation questions${mode === 'classify' ? `, ${answers.length} answers to choose among` : ''}`,
  );
  const learningRate = rate ?? presets[checkpoint.config.preset as keyof typeof presets]?.learningRate ?? 1e-4;
  const common = { checkpoint, questions, answers, options: { device, fromScratch, epochs, batch, learningRate, weightDecay, patience, seed, onMessage } };
  const configs = configsOf({ mode, depth, dropout, answers });
  const model = await fitSystem({ ...common, name: 'model', config: configs.model });
  const questionOnly = await fitSystem({ ...common, name: 'question only', config: configs.questionOnly });
  const best = ({ validation, bestStep, steps }: Fitted) => ({ validation, bestStep, steps });
  const settings: Omit<VqaSettings, 'formatVersion'> = {
    mode,
    depth,
    dropout,
    answers,
    checkpoint: checkpoint.config,
    checkpointHash: await opened.contentHash(),
    fromScratch,
    data: spec,
    questionSplit,
    seed,
    counts: { train: questions.train.length, validate: questions.validate.length },
    trainIds: hashNames(questions.train.map(({ id }) => id)),
    chosen: { model: best(model), questionOnly: best(questionOnly) },
  };
  await saveVqa(out, settings, checkpoint.tokenizer.toJSON(), { model: model.parameters, questionOnly: questionOnly.parameters });
  return { formatVersion: 1, ...settings, out };
}
