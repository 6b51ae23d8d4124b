// The graphs behind maps of attention: the image branch's cross-attention, and the class token's attention.
import type { Model } from '@hybridmed/model';
import { batchSpecs, partSpecs, pick } from '@hybridmed/model/graphs';
import { rootScope } from '@hybridmed/nn';
import type { Graph, Tensor } from '@hybridmed/tensor';
import { ops, trace } from '@hybridmed/tensor';

/** image (B, C, H, W) -> `cls` (B, N), the class token's attention; undefined for an encoder without one. */
export function classAttentionGraph(model: Model): Graph | undefined {
  const graph = trace({ data: pick(batchSpecs(model), ['image']), state: partSpecs(model, ['vision.']) }, ({ image }, state) => {
    const { importance } = model.vision.call(rootScope(state).child('vision'), image!);
    const results: Record<string, Tensor> = importance ? { cls: ops.mul(importance, 1) } : {};
    return { results };
  });
  return graph.results.cls ? graph : undefined;
}

/** image (B, C, H, W) and input (B, T) -> `attention` (B, T, N): the image branch's cross-attention, averaged over heads and blocks. Row t is what writes token t + 1. */
export function crossAttentionGraph(model: Model): Graph {
  return trace({ data: pick(batchSpecs(model), ['image', 'input']), state: partSpecs(model, ['vision.', 'decoder.']) }, ({ image, input }, state) => {
    const scope = rootScope(state);
    const { tokens } = model.vision.call(scope.child('vision'), image!);
    const [first, ...rest] = model.decoder.crossWeights(scope.child('decoder'), 'image', input!, tokens);
    const sum = rest.reduce((total, weights) => ops.add(total, weights), first!);
    return { results: { attention: ops.mul(sum, 1 / (rest.length + 1)) } };
  });
}
