// What standardization is measured by: means of the features before projections, study by study, and their variances within a study.
import type { Alignment } from '@hybridmed/align';
import { parameterSpecs, rootScope } from '@hybridmed/nn';
import type { Graph, Tensor } from '@hybridmed/tensor';
import { ops, trace } from '@hybridmed/tensor';
import type { BatchTensors } from '../model/batch-fields.ts';
import type { Model } from '../model/model.ts';
import { specsOf } from '../graphs/stage-plan.ts';
import { fieldsOfFeatures } from '../objective/feature-fields.ts';
import { modelFeatures } from '../objective/features.ts';
import type { FeatureName } from '../objective/row.ts';
import type { ProjectionName } from './projections.ts';
import { projectionPath, projections } from './projections.ts';

/** An alignment that gives features as they come. */
const unprojected = (align: Alignment): Alignment => ({
  ...align,
  projectImage: (_, { global }) => global,
  projectText: (_, { global }) => global,
  projectPatches: (_, { tokens }) => tokens,
  projectWords: (_, { tokens }) => tokens,
});

/** Means over a study's tokens (B, N, D), of those of a mask (B, N) where there is one: (B, D). */
function meanOfTokens(tokens: Tensor, mask: Tensor | undefined): Tensor {
  if (!mask) return ops.mean(tokens, { axes: [1] });
  const weights = ops.reshape(mask, [...mask.shape, 1]);
  return ops.div(ops.sum(ops.mul(tokens, weights), { axes: [1] }), ops.maximum(ops.sum(weights, { axes: [1] }), 1));
}

/**
 * The batch's fields behind some projections -> by each one's name among the parameters `NAME.mean` (B, D) and, where a study has features of
 * tokens, `NAME.variance` (B, D): the mean of a study's features and their variance around it, of findings those of words.
 */
export function momentsGraph(model: Model, names: readonly ProjectionName[]): Graph {
  const features = new Set<FeatureName>(names.flatMap((name) => [projections[name].feature, ...(name === 'text_local' ? ['wordMask' as const] : [])]));
  const data = specsOf(model, [...fieldsOfFeatures(features)]);
  return trace({ data, state: parameterSpecs(model.parameters) }, (inputs, state) => {
    const source = { model: { ...model, align: unprojected(model.align) }, scope: rootScope(state), batch: inputs as BatchTensors };
    const feature = modelFeatures({ ...source, teacher: { kind: 'live' }, temperature: 1 }, features);
    const results = names.flatMap((name): (readonly [string, Tensor])[] => {
      const [path, value] = [projectionPath(name), feature(projections[name].feature)];
      // An input is no result of a graph.
      if (value.shape.length === 2) return [[`${path}.mean`, ops.mul(value, 1)]];
      const mask = name === 'text_local' ? feature('wordMask') : undefined;
      const mean = meanOfTokens(value, mask);
      const apart = ops.sub(value, ops.reshape(mean, [mean.shape[0]!, 1, mean.shape[1]!]));
      return [
        [`${path}.mean`, mean],
        [`${path}.variance`, meanOfTokens(ops.mul(apart, apart), mask)],
      ];
    });
    return { results: Object.fromEntries(results) };
  });
}
