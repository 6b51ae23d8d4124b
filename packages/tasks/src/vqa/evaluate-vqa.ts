// Evaluates a fitted model on test questions, beside three baselines that need no image.
import type { Question, SelectOptions } from '@hybridmed/data';
import type { Interval } from '@hybridmed/eval';
import type { AnswerReport, CalibrationReport } from '@hybridmed/eval/protocols';
import {
  answerDifference,
  answerReport,
  checkAnswers,
  commonestAnswer,
  commonestByType,
  multiclassCalibration,
  normalizeAnswer,
  unseenAnswers,
} from '@hybridmed/eval/protocols';
import type { CheckpointEncoders } from '@hybridmed/runtime';
import { hashNames } from '@hybridmed/runtime';
import type { Device } from '@hybridmed/tensor';
import { HybridmedError } from '@hybridmed/tensor';
import type { Answered } from './answerer.ts';
import { createAnswerer } from './answerer.ts';
import { answerAll, questionLoader } from './question-loader.ts';
import type { VqaSettings } from './vqa-folder.ts';
import { configsOf, loadVqa } from './vqa-folder.ts';
import { vqaModel } from './vqa-model.ts';
import type { QuestionSplit } from './questions.ts';
import { openQuestions } from './questions.ts';

/** What to evaluate, on what. */
export interface VqaEvaluateOptions {
  /** The --out folder of training. */
  readonly model: string;
  /** By default the data set that the model was fitted to. */
  readonly data?: string | undefined;
  readonly select?: SelectOptions;
  readonly device: Device;
  /** Modules of the encoders, where they are modules'. */
  readonly encoders?: CheckpointEncoders | undefined;
}

/** Systems that are compared. */
export type VqaSystem = 'model' | 'questionOnly' | 'commonestByType' | 'commonest';

/** The report on test questions. */
export interface VqaReport {
  readonly model: string;
  readonly mode: VqaSettings['mode'];
  readonly fromScratch: boolean;
  readonly data: string;
  readonly questionSplit: QuestionSplit;
  readonly device: string;
  readonly questions: number;
  readonly testIds: string;
  /** Fraction of test questions whose answer no training question has. */
  readonly unseenAnswers: number;
  readonly systems: Readonly<Record<VqaSystem, AnswerReport>>;
  /** Strict accuracy of the model less that of a baseline, paired. */
  readonly differences: Readonly<Record<Exclude<VqaSystem, 'model'>, Interval>>;
  /** Calibration over the answers of a head; absent where answers are written. */
  readonly calibration?: Readonly<Record<'model' | 'questionOnly', CalibrationReport>>;
  readonly warnings: readonly string[];
  readonly examples: readonly {
    readonly id: string;
    readonly question: string;
    readonly answer: string;
    readonly model: string;
    readonly questionOnly: string;
  }[];
}

/** Calibration of systems with a head over `answers`; a question whose answer is none of them is one that the head must miss. */
function calibrationOf(
  { model, questionOnly }: Readonly<Record<'model' | 'questionOnly', Answered>>,
  test: readonly Question[],
  answers: readonly string[],
): Pick<VqaReport, 'calibration'> {
  if (!model.probabilities || !questionOnly.probabilities) return {};
  const places = new Map(answers.map((answer, place) => [answer, place]));
  const labels = test.map((question) => places.get(normalizeAnswer(question.answers[0]!)) ?? -1);
  return {
    calibration: { model: multiclassCalibration(model.probabilities, labels), questionOnly: multiclassCalibration(questionOnly.probabilities, labels) },
  };
}

/** Evaluates a model. Throws one line for a folder that holds none, or a set without test questions. */
export async function evaluateVqa({ model: folder, data: namedData, select = {}, device, encoders }: VqaEvaluateOptions): Promise<VqaReport> {
  const { settings, checkpoint, parameters } = await loadVqa(folder, encoders);
  const spec = namedData ?? settings.data;
  const { train, validate, test, data } = await openQuestions(spec, settings.questionSplit, select);
  if (test.length === 0) throw new HybridmedError(`${spec}: has no test questions; name a set that has`);
  checkAnswers(test);
  if (spec === settings.data && hashNames(train.map(({ id }) => id)) !== settings.trainIds)
    throw new HybridmedError(`${spec}: its training questions are not those that ${folder} was fitted to; restore the data set or fit again`);
  const configs = configsOf(settings);
  const answersOf = async (system: 'model' | 'questionOnly', questions: readonly Question[]): Promise<Answered> => {
    const vqa = vqaModel(checkpoint.model, configs[system]);
    const state = device.createState(parameters[system]);
    const loader = questionLoader(checkpoint, questions, { batchSize: 32, train: false });
    try {
      const answerer = await createAnswerer(device, checkpoint, vqa, settings.answers);
      return await answerAll(await answerer.open(state), loader);
    } finally {
      state.drop();
      await loader.close();
    }
  };
  const fittedTo = [...train, ...validate];
  const fitted = { model: await answersOf('model', test), questionOnly: await answersOf('questionOnly', test) };
  const answersBy: Record<VqaSystem, string[]> = {
    model: fitted.model.answers,
    questionOnly: fitted.questionOnly.answers,
    commonestByType: commonestByType(fittedTo, test),
    commonest: commonestAnswer(fittedTo, test),
  };
  const difference = (than: Exclude<VqaSystem, 'model'>) => answerDifference(test, answersBy.model, answersBy[than]);
  return {
    model: folder,
    mode: settings.mode,
    fromScratch: settings.fromScratch,
    data: spec,
    questionSplit: settings.questionSplit,
    device: device.info.name,
    questions: test.length,
    testIds: hashNames(test.map(({ id }) => id)),
    unseenAnswers: unseenAnswers(train, test),
    systems: {
      model: answerReport(test, answersBy.model),
      questionOnly: answerReport(test, answersBy.questionOnly),
      commonestByType: answerReport(test, answersBy.commonestByType),
      commonest: answerReport(test, answersBy.commonest),
    },
    differences: { questionOnly: difference('questionOnly'), commonestByType: difference('commonestByType'), commonest: difference('commonest') },
    ...calibrationOf(fitted, test, settings.answers),
    warnings: data.warnings,
    examples: test.map(({ id, question, answers }, i) => ({
      id,
      question,
      answer: answers[0]!,
      model: answersBy.model[i]!,
      questionOnly: answersBy.questionOnly[i]!,
    })),
  };
}
