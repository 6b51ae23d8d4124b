// The graphs around a branch's memory: what writes it to the state, which starts generation on a device, and the logits or the
// log-likelihoods of given texts by it.
import { memoryWidth } from '@hybridmed/decoder';
import { rootScope } from '@hybridmed/nn';
import type { Graph, Tensor, Tensors, TensorSpec } from '@hybridmed/tensor';
import { ops, trace } from '@hybridmed/tensor';
import type { BatchTensors } from '../model/batch-fields.ts';
import type { Branch, Model } from '../model/model.ts';
import { readFindings } from '../objective/read-texts.ts';
import { batchSpecs } from './batch.ts';
import { partSpecs } from './part-specs.ts';
import { specsOf } from './stage-plan.ts';

/** A branch's memory, written to the state as `memory.BRANCH` (B, S, width) and, for findings, `memory.findings.mask` and, where they are copied from, `memory.findings.ids` (B, S). */
export function memoryGraph(model: Model, branch: Branch): Graph {
  if (branch === 'image') {
    return trace({ data: { image: batchSpecs(model).image }, state: partSpecs(model, ['vision.']) }, ({ image }, state) => ({
      updates: { 'memory.image': model.vision.call(rootScope(state).child('vision'), image!).tokens },
    }));
  }
  const tokensOf = (state: Tensors, batch: Tensors): Tensor => readFindings(model, rootScope(state), batch as BatchTensors).tokens;
  return trace({ data: specsOf(model, ['findings', 'findings_mask', 'findings_features']), state: partSpecs(model, ['text.']) }, (batch, state) => ({
    updates: {
      'memory.findings': model.textFront ? ops.mul(tokensOf(state, batch), 1) : tokensOf(state, batch),
      'memory.findings.mask': ops.mul(batch.findings_mask!, 1),
      ...(model.decoder.copies('findings') ? { 'memory.findings.ids': ops.mul(batch.findings!, 1) } : {}),
    },
  }));
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

/**
 * Texts by one study's memory: input, target and target_mask (K, T), memory (1, S, width) and, for findings, memory_mask (1, S) ->
 * `log_likelihoods` (K), summed over target tokens. The memory is projected once for all texts, and no logits leave the device.
 */
export function likelihoodGraph({ decoder, parameters }: Pick<Model, 'decoder' | 'parameters'>, branch: Branch): Graph {
  const data: Record<string, TensorSpec> = {
    input: { shape: ['K', 'T'], dtype: 'i32' },
    target: { shape: ['K', 'T'], dtype: 'i32' },
    target_mask: { shape: ['K', 'T'], dtype: 'f32' },
    memory: { shape: [1, 'S', memoryWidth(decoder, branch)], dtype: 'f32' },
    ...(branch === 'findings' ? { memory_mask: { shape: [1, 'S'], dtype: 'f32' } } : {}),
  };
  return trace({ data, state: partSpecs({ parameters }, ['decoder.']) }, ({ input, target, target_mask: mask, memory, memory_mask: memoryMask }, state) => {
    const scope = rootScope(state).child('decoder');
    const forAll = (one: Tensor): Tensor => ops.broadcast(one, ['K', ...one.shape.slice(1)]);
    const cross = decoder.projectMemory(scope, branch, memory!).map(({ keys, values }) => ({ keys: forAll(keys), values: forAll(values) }));
    const { hidden } = decoder.prefill(scope, branch, input!, cross, memoryMask && forAll(memoryMask));
    const { crossEntropy } = ops.vocabularyLoss({ ...decoder.head(scope, hidden), target: target! });
    return { results: { log_likelihoods: ops.mul(ops.sum(ops.mul(crossEntropy, mask!), { axes: [1] }), -1) } };
  });
}
