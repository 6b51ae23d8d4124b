// The model of visual question answering: a checkpoint's encoders, their fusion, and a head over answers or the decoder writing them.
import { headLosses } from '@hybridmed/decoder';
import type { Model } from '@hybridmed/model';
import { batchSpecs } from '@hybridmed/model/graphs';
import type { ParameterSpecs, Scope } from '@hybridmed/nn';
import { collect, dropout, linear, parameterSpecs, rootScope } from '@hybridmed/nn';
import type { Graph, Tensor, Tensors, TensorSpec } from '@hybridmed/tensor';
import { ops, trace } from '@hybridmed/tensor';
import type { Task } from '@hybridmed/training';
import { fusion } from './fusion.ts';

/** `classify`: a head over the answers seen in training. `generate`: the decoder's findings branch writes the answer from the fused tokens. */
export type AnswerMode = 'classify' | 'generate';

/** What a model of visual question answering is made of. */
export interface VqaConfig {
  readonly mode: AnswerMode;
  /** Layers of the fusion. */
  readonly depth: number;
  /** Number of answers to choose among; 0 when answers are written. */
  readonly answers: number;
  readonly dropout: number;
  /** False for the baseline that reads the question alone. */
  readonly usesImage: boolean;
}

/** Graphs and parameters of a model of visual question answering. */
export interface VqaModel {
  readonly config: VqaConfig;
  /** `vision.*`, `text.*`, `fusion.*`, and `head.*` or `decoder.*`. */
  readonly parameters: ParameterSpecs;
  readonly task: Task;
  /** Logits over answers (B, answers) from the first fused token and the mean of all; for `classify`. */
  answerGraph(): Graph;
  /** Writes the fused tokens to the state as the decoder's `memory.findings` and its mask; for `generate`. */
  memoryGraph(): Graph;
}

/** Heads of about 64 features. */
const headsOf = (width: number): number => [Math.max(1, Math.round(width / 64)), 4, 2, 1].find((heads) => width % heads === 0)!;

/** Composes the model from a checkpoint's parts. */
export function vqaModel(model: Model, config: VqaConfig): VqaModel {
  const { mode, depth, answers, dropout: rate, usesImage } = config;
  const { width } = model.text;
  const fusionPart = fusion({ width, heads: headsOf(width), depth, dropout: rate, ...(usesImage ? { image: model.vision.width } : {}) });
  const head = linear({ inputs: 2 * width, outputs: Math.max(1, answers) });
  // The image branch has no part in answering: its memory is the fused tokens, which the findings branch reads.
  const decoder = {
    parameters: Object.fromEntries(Object.entries(model.decoder.parameters).filter(([name]) => !name.includes('.image.') && !name.startsWith('pointer.'))),
  };
  const parameters = collect({
    ...(usesImage ? { vision: model.vision } : {}),
    text: model.text,
    fusion: fusionPart,
    ...(mode === 'classify' ? { head } : { decoder }),
  });
  const { image, findings, findings_mask: mask, input, target, target_mask: targetMask } = batchSpecs(model);
  const questionSpecs: Record<string, TensorSpec> = { ...(usesImage ? { image } : {}), findings, findings_mask: mask };

  /** Fused tokens (B, L, width). */
  const fuse = (scope: Scope, data: Tensors): Tensor => {
    const question = model.text.call(scope.child('text'), data['findings']!, data['findings_mask']!).tokens;
    const imageTokens = usesImage ? model.vision.call(scope.child('vision'), data['image']!).tokens : undefined;
    return fusionPart.call(scope.child('fusion'), question, data['findings_mask']!, imageTokens);
  };
  const logits = (scope: Scope, data: Tensors): Tensor => {
    const tokens = fuse(scope, data);
    const real = ops.reshape(data['findings_mask']!, [...data['findings_mask']!.shape, 1]);
    const pooled = ops.div(ops.sum(ops.mul(tokens, real), { axes: [1] }), ops.sum(real, { axes: [1] }));
    const first = ops.reshape(ops.narrow(tokens, 1, 0, 1), [tokens.shape[0]!, width]);
    const at = scope.child('head');
    return head.call(at, dropout(at, ops.concat([first, pooled], 1), rate, 'pooled'));
  };
  const task: Task =
    mode === 'classify'
      ? {
          parameters,
          data: { ...questionSpecs, answer: { shape: ['B'], dtype: 'i32' } },
          loss: (scope, data) => ops.mean(ops.crossEntropy(logits(scope, data), data['answer']!)),
        }
      : {
          parameters,
          data: { ...questionSpecs, input, target, target_mask: targetMask },
          loss(scope, data) {
            const at = scope.child('decoder');
            const hidden = model.decoder.hidden(at, 'findings', data['input']!, fuse(scope, data), data['findings_mask']!);
            return headLosses({ ...model.decoder.head(at, hidden), target: data['target']!, mask: data['target_mask']! }).token;
          },
        };
  const state = parameterSpecs(parameters);
  return {
    config,
    parameters,
    task,
    answerGraph: () => trace({ data: questionSpecs, state }, (data, values) => ({ results: { logits: logits(rootScope(values), data) } })),
    memoryGraph: () =>
      trace({ data: questionSpecs, state }, (data, values) => ({
        updates: { 'memory.findings': fuse(rootScope(values), data), 'memory.findings.mask': ops.mul(data['findings_mask']!, 1) },
      })),
  };
}
