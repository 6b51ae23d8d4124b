// The losses of stage 2 from the outputs of exported graphs: logits of both branches, and vectors of the common space.
import { tokenLoss } from '@hybridmed/decoder';
import type { SpecialTokens } from '@hybridmed/model';
import { composeLosses, lossTerms, outputFeatures, wordMask } from '@hybridmed/model/objective';
import { parameterSpecs } from '@hybridmed/nn';
import type { Graph, TensorSpec } from '@hybridmed/tensor';
import { ops, trace } from '@hybridmed/tensor';
import { evaluationPlan } from './evaluation-plan.ts';
import { sumByStudy } from './study-losses.ts';

/** Sizes of the features. */
export interface FeatureSizes {
  readonly vocabularySize: number;
  /** Width d of the common space, and the number of patches. */
  readonly width: number;
  readonly patches: number;
  readonly special: SpecialTokens;
  /** Whether the text encoder gives a weight of each word. */
  readonly importance: boolean;
  /** Parameters of losses that have their own. */
  readonly lossParameters?: Readonly<Record<string, { readonly shape: TensorSpec['shape'] }>> | undefined;
}

const f32 = (...shape: TensorSpec['shape']): TensorSpec => ({ shape, dtype: 'f32' });
const i32 = (...shape: TensorSpec['shape']): TensorSpec => ({ shape, dtype: 'i32' });

const targets = { target: i32('B', 'T'), target_mask: f32('B', 'T') };

/** One branch's losses by study: `logits` (B, T, vocabulary), target and mask -> `nats`, `tokens` (B), and their mean over tokens, `mean`. */
export function branchLossGraph(vocabularySize: number): Graph {
  return trace({ data: { logits: f32('B', 'T', vocabularySize), ...targets } }, ({ logits, target, target_mask: mask }) => ({
    results: { ...sumByStudy(ops.crossEntropy(logits!, target!), mask!), mean: tokenLoss(logits!, target!, mask!) },
  }));
}

/** What the head of label supervision (K, Dv) reads. */
function labelSpecs(weight: TensorSpec['shape'] | undefined): Record<string, TensorSpec> {
  if (!weight) return {};
  const [labels, width] = weight as [number, number];
  return { global: f32('B', width), labels: f32('B', labels), labels_mask: f32('B', labels) };
}

/** The losses of a batch, by name; vectors are unit vectors, `log_scale` the logarithm of the inverse temperature; parameters of losses are called as in a checkpoint. */
export function featureLossGraph({ vocabularySize, width, patches, special, importance, lossParameters = {} }: FeatureSizes): Graph {
  const plan = evaluationPlan(lossParameters);
  const data = {
    ...targets,
    caption: f32('B', 'T', vocabularySize),
    summary: f32('B', 'T', vocabularySize),
    image: f32('B', width),
    text: f32('B', width),
    patches: f32('B', patches, width),
    words: f32('B', 'L', width),
    ...(importance ? { importance: f32('B', 'L') } : {}),
    findings: i32('B', 'L'),
    findings_mask: f32('B', 'L'),
    groups: i32('B'),
    log_scale: f32(),
    ...parameterSpecs(lossParameters),
    ...labelSpecs(lossParameters['lab.weight']?.shape),
  };
  return trace({ data }, (inputs) => {
    const feature = outputFeatures(
      {
        summaryLogits: inputs.summary!,
        captionLogits: inputs.caption!,
        target: inputs.target!,
        imageGlobal: inputs.global!,
        imageVector: inputs.image!,
        textVector: inputs.text!,
        patches: inputs.patches!,
        words: inputs.words!,
        wordMask: wordMask(inputs.findings!, inputs.findings_mask!, special),
        importance: inputs.importance,
      },
      plan.temperature,
    );
    const parameters = { ...inputs, 'align.logit_scale': inputs.log_scale! };
    return { results: composeLosses(lossTerms(plan), { feature, batch: inputs, parameters, options: plan }) };
  });
}
