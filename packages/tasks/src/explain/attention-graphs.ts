// The graphs behind heat maps: words against patches, the image branch's cross-attention, and the class token's attention.
import type { Model } from '@hybridmed/model';
import { parameterSpecs, batchSpecs, pick } from '@hybridmed/model/graphs';
import { normalize, rootScope } from '@hybridmed/nn';
import type { Graph } from '@hybridmed/tensor';
import { ops, trace } from '@hybridmed/tensor';

/**
 * image (B, C, H, W), findings and findings_mask (B, L) -> `alignment` (B, L, N): each token's attention over patches, as the local
 * alignment loss has it, softmax_j(w_i.p_j / tau); and `cls` (B, N), the class token's attention, where the encoder has one.
 */
export function alignmentMapGraph(model: Model, tau: number): Graph {
  const data = pick(batchSpecs(model), ['image', 'findings', 'findings_mask']);
  return trace({ data, state: parameterSpecs(model, ['vision.', 'text.', 'align.']) }, ({ image, findings, findings_mask: mask }, state) => {
    const scope = rootScope(state);
    const align = scope.child('align');
    const features = model.vision.call(scope.child('vision'), image!);
    const patches = normalize(model.align.projectPatches(align, features));
    const words = normalize(model.align.projectWords(align, model.text.call(scope.child('text'), findings!, mask!)));
    const alignment = ops.softmax(ops.mul(ops.matmul(words, patches, { transposeB: true }), 1 / tau));
    return { results: { alignment, ...(features.importance ? { cls: ops.mul(features.importance, 1) } : {}) } };
  });
}

/** image (B, C, H, W) and input (B, T) -> `attention` (B, T, N): the image branch's cross-attention, averaged over heads and blocks. Row t is what writes token t + 1. */
export function crossAttentionGraph(model: Model): Graph {
  return trace({ data: pick(batchSpecs(model), ['image', 'input']), state: parameterSpecs(model, ['vision.', 'decoder.']) }, ({ image, input }, state) => {
    const scope = rootScope(state);
    const { tokens } = model.vision.call(scope.child('vision'), image!);
    const [first, ...rest] = model.decoder.crossWeights(scope.child('decoder'), 'image', input!, tokens);
    const sum = rest.reduce((total, weights) => ops.add(total, weights), first!);
    return { results: { attention: ops.mul(sum, 1 / (rest.length + 1)) } };
  });
}
