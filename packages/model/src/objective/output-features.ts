// The features of losses from what a model has given: logits of both branches, and vectors, of exported graphs or of reference values.
import type { Tensor } from '@hybridmed/tensor';
import { ops } from '@hybridmed/tensor';
import type { FeatureReader, LossFeatures } from './row.ts';

/** Logits (B, T, vocabulary) of both branches, the ids that they are to give (B, T), and what losses read as it is. */
export interface ModelOutputs extends Omit<LossFeatures, 'summary' | 'caption' | 'divergence'> {
  readonly summaryLogits: Tensor;
  readonly captionLogits: Tensor;
  readonly target: Tensor;
}

/** Features by name; `temperature` is that of distillation, whose teacher is the findings branch. */
export const outputFeatures = (outputs: Partial<ModelOutputs>, temperature: number): FeatureReader => {
  const { summaryLogits, captionLogits, target, ...others } = outputs as ModelOutputs;
  const make: { readonly [N in keyof LossFeatures]?: () => LossFeatures[N] } = {
    summary: () => ops.crossEntropy(summaryLogits, target),
    caption: () => ops.crossEntropy(captionLogits, target),
    divergence: () => ops.distillation(captionLogits, ops.stopGradient(summaryLogits), temperature),
  };
  return (name) => (make[name] ?? (() => (others as unknown as LossFeatures)[name]))();
};
