// The table of pipelines: what each needs of a model, and what it calls. Names, types and errors follow from it.
import type { PartName } from '@hybridmed/model';
import type { ModelSession } from '@hybridmed/model/session';
import type { VqaSession } from '../vqa/vqa-session.ts';
import { answerQuestions } from './answer-questions.ts';
import { classifyImages } from './classify-images.ts';
import type { ImageReader } from './contract.ts';
import { explainImages } from './explain-images.ts';
import { imageFeatures, textFeatures } from './extract-features.ts';
import { retrieveTexts } from './retrieve-texts.ts';
import { summarizeFindings, writeImpressions } from './write-impressions.ts';

/** A call of a pipeline, and what is to be freed beside the model. */
interface Opened<Call> {
  readonly call: Call;
  release?(): void;
}

/** A pipeline over an open model, which must have one of these parts; what it lacks of the first is the error. */
export interface ModelRow<Call> {
  readonly of: 'model';
  /** The folder that it needs, in one line. */
  readonly needs: string;
  readonly parts: readonly [PartName, ...PartName[]];
  open(model: ModelSession): Opened<Call>;
}

/** A pipeline over a fitted model of visual question answering. */
export interface AnswerRow<Call> {
  readonly of: 'answers';
  readonly needs: string;
  open(session: VqaSession): Opened<Call>;
}

const ofModel = <Call>(row: Omit<ModelRow<Call>, 'of'>): ModelRow<Call> => ({ of: 'model', ...row });
const ofAnswers = <Call>(row: Omit<AnswerRow<Call>, 'of'>): AnswerRow<Call> => ({ of: 'answers', ...row });

const whole = "a checkpoint of stage 2, a run's folder, or an export with";

/** The rows, for images that `read` reads. */
export const pipelineRows = <Image>(read: ImageReader<Image>) => ({
  impression: ofModel({ needs: `${whole} the part caption`, parts: ['caption'], open: (model) => ({ call: writeImpressions(model, read) }) }),
  summarization: ofModel({
    needs: "a checkpoint, a run's folder, or an export with the part summarize",
    parts: ['summarize'],
    open: (model) => ({ call: summarizeFindings(model) }),
  }),
  'zero-shot-image-classification': ofModel({
    needs: `${whole} the part align`,
    parts: ['align'],
    open: (model) => ({ call: classifyImages(model, read) }),
  }),
  'image-feature-extraction': ofModel({
    needs: `${whole} the part vision (align for the output "embedding")`,
    parts: ['vision', 'align'],
    open: (model) => ({ call: imageFeatures(model, read) }),
  }),
  'feature-extraction': ofModel({
    needs: 'a checkpoint, a run\'s folder, or an export with the part text (align for the output "embedding")',
    parts: ['text', 'align'],
    open: (model) => ({ call: textFeatures(model) }),
  }),
  'image-text-retrieval': ofModel({ needs: `${whole} the part align`, parts: ['align'], open: (model) => ({ call: retrieveTexts(model, read) }) }),
  'visual-question-answering': ofAnswers({
    needs: 'the --out folder of `hybridmed vqa train`',
    open: (session) => ({ call: answerQuestions(session, read) }),
  }),
  explain: ofModel({
    needs: `${whole} the part align, and for maps of removal caption and removal; maps of gradients and attention need a checkpoint`,
    parts: ['align', 'caption', 'vision'],
    open: (model) => explainImages(model, read),
  }),
});

/** The rows' types, for images of one kind. */
type Rows<Image> = ReturnType<typeof pipelineRows<Image>>;

/** Name of a task. */
export type PipelineTask = keyof Rows<never>;

/** Tasks over an open model. */
export type ModelTask = { [T in PipelineTask]: Rows<never>[T]['of'] extends 'model' ? T : never }[PipelineTask];

/** What a task's pipeline is called with, and gives. */
export type PipelineCall<Image, T extends PipelineTask> = ReturnType<Rows<Image>[T]['open']>['call'];
