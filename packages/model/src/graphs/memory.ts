// The graph that starts generation on a device: a branch's memory, kept in the state.
import { partSpecs } from './part-specs.ts';
import { rootScope } from '@hybridmed/nn';
import type { Graph } from '@hybridmed/tensor';
import { ops, trace } from '@hybridmed/tensor';
import type { Branch, Model } from '../model/model.ts';
import { batchSpecs } from './batch.ts';

/** A branch's memory, written to the state as `memory.BRANCH` (B, S, width) and, for findings, `memory.findings.mask` (B, S). */
export function memoryGraph(model: Model, branch: Branch): Graph {
  const specs = batchSpecs(model);
  if (branch === 'image') {
    return trace({ data: { image: specs.image }, state: partSpecs(model, ['vision.']) }, ({ image }, state) => ({
      updates: { 'memory.image': model.vision.call(rootScope(state).child('vision'), image!).tokens },
    }));
  }
  return trace(
    { data: { findings: specs.findings, findings_mask: specs.findings_mask }, state: partSpecs(model, ['text.']) },
    ({ findings, findings_mask: mask }, state) => ({
      updates: { 'memory.findings': model.text.call(rootScope(state).child('text'), findings!, mask!).tokens, 'memory.findings.mask': ops.mul(mask!, 1) },
    }),
  );
}
