// The graphs around a branch's memory: what writes it to the state, which starts generation on a device, and the logits of given tokens by it.
import { memoryWidth } from '@hybridmed/decoder';
import { rootScope } from '@hybridmed/nn';
import type { Graph, TensorSpec } from '@hybridmed/tensor';
import { ops, trace } from '@hybridmed/tensor';
import type { Branch, Model } from '../model/model.ts';
import { batchSpecs } from './batch.ts';
import { partSpecs } from './part-specs.ts';

/** A branch's memory, written to the state as `memory.BRANCH` (B, S, width) and, for findings, `memory.findings.mask` and, where they are copied from, `memory.findings.ids` (B, S). */
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
      updates: {
        'memory.findings': model.text.call(rootScope(state).child('text'), findings!, mask!).tokens,
        'memory.findings.mask': ops.mul(mask!, 1),
        ...(model.decoder.copies('findings') ? { 'memory.findings.ids': ops.mul(findings!, 1) } : {}),
      },
    }),
  );
}

/** ids (B, T), memory (B, S, width) and, for findings, memory_mask and, where they are copied from, memory_ids (B, S) -> `logits` (B, T, vocabulary) of the tokens that follow. */
export function logitsGraph({ decoder, parameters }: Pick<Model, 'decoder' | 'parameters'>, branch: Branch): Graph {
  const data: Record<string, TensorSpec> = {
    ids: { shape: ['B', 'T'], dtype: 'i32' },
    memory: { shape: ['B', 'S', memoryWidth(decoder, branch)], dtype: 'f32' },
    ...(branch === 'findings' ? { memory_mask: { shape: ['B', 'S'], dtype: 'f32' } } : {}),
    ...(decoder.copies(branch) ? { memory_ids: { shape: ['B', 'S'], dtype: 'i32' } } : {}),
  };
  return trace({ data, state: partSpecs({ parameters }, ['decoder.']) }, ({ ids, memory, memory_mask: mask, memory_ids: tokens }, state) => {
    const scope = rootScope(state).child('decoder');
    const source = tokens && { keys: decoder.projectPointer(scope, memory!), ids: tokens, mask };
    return { results: { logits: decoder.logits(scope, decoder.hidden(scope, branch, ids!, memory!, mask), source) } };
  });
}
