// Decoding with a past that grows by a token a step, as graphs without state: what an exported decoder consists of.
import { parameterSpecs, rootScope } from '@hybridmed/nn';
import type { Graph, TensorSpec } from '@hybridmed/tensor';
import { trace } from '@hybridmed/tensor';
import type { Decoder } from './decoder.ts';
import { memoryWidth } from './decoder.ts';
import { f32, flatten, i32, keyValueSpecs, unflatten } from './named-values.ts';

/** Which decoder and branch; `masked` where its memory has padding. Parameters are state entries under `decoder.`. */
export interface ExportedGraphOptions {
  decoder: Decoder;
  branch: string;
  masked?: boolean;
}

/** What beside the memory itself says what it is: its mask and, of a branch that copies, its tokens. */
const memorySpecs = ({ decoder, branch, masked = false }: ExportedGraphOptions): Record<string, TensorSpec> => ({
  ...(masked ? { memory_mask: f32('B', 'S') } : {}),
  ...(decoder.copies(branch) ? { memory_ids: i32('B', 'S') } : {}),
});

/**
 * The first T tokens: `ids` (B, T) i32, `memory` (B, S, memory width), where masked `memory_mask` (B, S), and of a branch that copies
 * `memory_ids` (B, S) i32 give `logits`
 * (B, T, vocabulary), `present.I.keys|values` (B, T, width) and the memory's `cross.I.keys|values` (B, S, width), which later steps read;
 * with copying also `cross.pointer.keys` (B, S, width), which the next graph takes with `memory_ids`.
 */
export function prefillGraph(options: ExportedGraphOptions): Graph {
  const { decoder, branch } = options;
  const data = { ids: i32('B', 'T'), memory: f32('B', 'S', memoryWidth(decoder, branch)), ...memorySpecs(options) };
  return trace({ data, state: parameterSpecs(decoder.parameters, 'decoder.') }, ({ ids, memory, memory_mask: mask, memory_ids: tokens }, state) => {
    const scope = rootScope(state).child('decoder');
    const cross = decoder.projectMemory(scope, branch, memory!);
    const { hidden, cache } = decoder.prefill(scope, branch, ids!, cross, mask);
    const keys = tokens && decoder.projectPointer(scope, memory!);
    const logits = decoder.logits(scope, hidden, keys && { keys, ids: tokens, mask });
    return { results: { logits, ...flatten('present', cache), ...flatten('cross', cross), ...(keys ? { 'cross.pointer.keys': keys } : {}) } };
  });
}

/**
 * One more token per row: `ids` (B, 1) i32, `past.I.keys|values` (B, P, width), `cross.I.keys|values` (B, S, width) and, where
 * masked, `memory_mask` (B, S) give `logits` (B, 1, vocabulary) and `present.I.keys|values` (B, P + 1, width), the next step's past.
 */
export function decodeGraph(options: ExportedGraphOptions): Graph {
  const { decoder, branch } = options;
  const { depth, width } = decoder.config;
  const data = {
    ids: i32('B', 1),
    ...keyValueSpecs('past', depth, f32('B', 'P', width)),
    ...keyValueSpecs('cross', depth, f32('B', 'S', width)),
    ...(decoder.copies(branch) ? { 'cross.pointer.keys': f32('B', 'S', width) } : {}),
    ...memorySpecs(options),
  };
  return trace({ data, state: parameterSpecs(decoder.parameters, 'decoder.') }, (inputs, state) => {
    const scope = rootScope(state).child('decoder');
    const { hidden, cache } = decoder.extend(
      scope,
      branch,
      inputs.ids!,
      unflatten('past', inputs, depth),
      unflatten('cross', inputs, depth),
      inputs.memory_mask,
    );
    const [keys, tokens] = [inputs['cross.pointer.keys'], inputs.memory_ids];
    const logits = decoder.logits(scope, hidden, keys && tokens && { keys, ids: tokens, mask: inputs.memory_mask });
    return { results: { logits, ...flatten('present', cache) } };
  });
}
