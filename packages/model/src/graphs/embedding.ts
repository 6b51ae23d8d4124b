// Graphs of a trained model in use: memories for the decoder, and images and texts as vectors of the common space.
import { normalize, rootScope } from '@hybridmed/nn';
import type { Graph } from '@hybridmed/tensor';
import { ops, trace } from '@hybridmed/tensor';
import type { Branch, Model } from '../model/model.ts';
import { batchSpecs } from './batch.ts';
import { parameterSpecs } from './parameter-specs.ts';

/** A branch's memory, written to the state as `memory.BRANCH` (B, S, width) and, for findings, `memory.findings.mask` (B, S). */
export function memoryGraph(model: Model, branch: Branch): Graph {
  const specs = batchSpecs(model);
  if (branch === 'image') {
    return trace({ data: { image: specs.image }, state: parameterSpecs(model, ['vision.']) }, ({ image }, state) => ({
      updates: { 'memory.image': model.vision.call(rootScope(state).child('vision'), image!).tokens },
    }));
  }
  return trace(
    { data: { findings: specs.findings, findings_mask: specs.findings_mask }, state: parameterSpecs(model, ['text.']) },
    ({ findings, findings_mask: mask }, state) => ({
      updates: { 'memory.findings': model.text.call(rootScope(state).child('text'), findings!, mask!).tokens, 'memory.findings.mask': ops.mul(mask!, 1) },
    }),
  );
}

/** Normalized image vectors: image (B, C, H, W) -> `embedding` (B, d). */
export function imageEmbeddingGraph(model: Model): Graph {
  return trace({ data: { image: batchSpecs(model).image }, state: parameterSpecs(model, ['vision.', 'align.']) }, ({ image }, state) => {
    const scope = rootScope(state);
    return { results: { embedding: normalize(model.align.projectImage(scope.child('align'), model.vision.call(scope.child('vision'), image!))) } };
  });
}

/** Normalized text vectors: impression (B, Y) and impression_mask -> `embedding` (B, d). */
export function textEmbeddingGraph(model: Model): Graph {
  const { impression, impression_mask: impressionMask } = batchSpecs(model);
  return trace(
    { data: { impression, impression_mask: impressionMask }, state: parameterSpecs(model, ['text.', 'align.']) },
    ({ impression: ids, impression_mask: mask }, state) => {
      const scope = rootScope(state);
      return { results: { embedding: normalize(model.align.projectText(scope.child('align'), model.text.call(scope.child('text'), ids!, mask!))) } };
    },
  );
}
