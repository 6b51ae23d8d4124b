// Decoding as programs: a memory's keys and values once per text, then one token per step on a cache of fixed capacity.
import type { Device, DeviceState, Graph, Program, Tensor, Tensors, TensorSpec } from '@hybridmed/tensor';
import { ops, trace } from '@hybridmed/tensor';
import { parameterSpecs, rootScope } from '@hybridmed/nn';
import type { Decoder } from './decoder.ts';
import { memoryWidth } from './decoder.ts';
import { f32, flatten, i32, unflatten } from './named-values.ts';
import type { Stepper } from './search.ts';

/** Where decoding finds things in a device's state. */
export interface DecodingOptions {
  decoder: Decoder;
  branch: string;
  /** Max new tokens; also the cache's capacity. At most the decoder's positions. */
  maxTokens: number;
  /** Prefix of the decoder's parameters in the state: `decoder.` by default. */
  prefix?: string;
  /** Whether the state has a mask `memory.BRANCH.mask` (B, S) beside the memory `memory.BRANCH` (B, S, width). */
  masked?: boolean;
  /** Whether the branch copies: the state then has the memory's tokens `memory.BRANCH.ids` (B, S). */
  copies?: boolean;
}

const ownSpecs = ({ decoder, prefix = 'decoder.' }: DecodingOptions): Record<string, TensorSpec> => parameterSpecs(decoder.parameters, prefix);

const scopeOf = (state: Tensors, { prefix = 'decoder.' }: DecodingOptions) => rootScope(state).child(prefix.replace(/\.$/, ''));

/**
 * The graph that starts decoding: from `memory.BRANCH` (B, S, width) and `rows` (R) i32, which study each row reads, it writes
 * `cross.I.keys|values` (R, S, width), `cross.mask` (R, S), of a branch that copies `cross.pointer.keys` (R, S, width) and `cross.ids` (R, S), and empty `cache.I.keys|values` (R, capacity, width) to the state.
 */
export function startGraph(options: DecodingOptions): Graph {
  const { decoder, branch, maxTokens, masked = false, copies = false } = options;
  const memory = {
    [`memory.${branch}`]: f32('B', 'S', memoryWidth(decoder, branch)),
    ...(masked ? { [`memory.${branch}.mask`]: f32('B', 'S') } : {}),
    ...(copies ? { [`memory.${branch}.ids`]: i32('B', 'S') } : {}),
  };
  return trace({ data: { rows: i32('R') }, state: { ...ownSpecs(options), ...memory } }, ({ rows }, state) => {
    const cross = decoder.projectMemory(scopeOf(state, options), branch, state[`memory.${branch}`]!);
    const copied: Record<string, Tensor> = copies
      ? {
          'cross.pointer.keys': ops.gather(decoder.projectPointer(scopeOf(state, options), state[`memory.${branch}`]!), rows!),
          'cross.ids': ops.gather(state[`memory.${branch}.ids`]!, rows!),
        }
      : {};
    const spread = cross.map(({ keys, values }) => ({ keys: ops.gather(keys, rows!), values: ops.gather(values, rows!) }));
    const empty = () => ops.full(0, ['R', maxTokens, decoder.config.width]);
    const cache = cross.map(() => ({ keys: empty(), values: empty() }));
    const mask: Record<string, Tensor> = masked ? { 'cross.mask': ops.gather(state[`memory.${branch}.mask`]!, rows!) } : {};
    return { updates: { ...flatten('cross', spread), ...flatten('cache', cache), ...mask, ...copied } };
  });
}

/**
 * The graph of one step: `ids` (R, 1), `parents` (R), the rows whose caches the rows continue, and `position` (1), all i32, give
 * `logits` (R, vocabulary); the cache in the state is rewritten.
 */
export function stepGraph(options: DecodingOptions): Graph {
  const { decoder, branch, maxTokens, masked = false, copies = false } = options;
  const { depth, width } = decoder.config;
  const entries: Record<string, TensorSpec> = {
    ...(masked ? { 'cross.mask': f32('R', 'S') } : {}),
    ...(copies ? { 'cross.pointer.keys': f32('R', 'S', width), 'cross.ids': i32('R', 'S') } : {}),
  };
  for (let i = 0; i < depth; i++) {
    for (const part of ['keys', 'values']) {
      entries[`cache.${i}.${part}`] = f32('R', maxTokens, width);
      entries[`cross.${i}.${part}`] = f32('R', 'S', width);
    }
  }
  return trace(
    { data: { ids: i32('R', 1), parents: i32('R'), position: i32(1) }, state: { ...ownSpecs(options), ...entries } },
    ({ ids, parents, position }, state) => {
      const cache = unflatten('cache', state, depth).map(({ keys, values }) => ({ keys: ops.gather(keys, parents!), values: ops.gather(values, parents!) }));
      const scope = scopeOf(state, options);
      const next = decoder.step(scope, branch, ids!, position!, cache, unflatten('cross', state, depth), state['cross.mask']);
      const source = copies ? { keys: state['cross.pointer.keys']!, ids: state['cross.ids']!, mask: state['cross.mask'] } : undefined;
      const logits = ops.reshape(decoder.logits(scope, next.hidden, source), ['R', decoder.config.vocabularySize]);
      return { results: { logits }, updates: flatten('cache', next.cache) };
    },
  );
}

/** Decoding on a device whose state holds the decoder's parameters and, before each text, `memory.BRANCH`. */
export async function createStepper(device: Device, state: DeviceState, options: DecodingOptions): Promise<Stepper> {
  const [start, step]: [Program, Program] = [await device.compile(startGraph(options)), await device.compile(stepGraph(options))];
  return {
    vocabulary: options.decoder.config.vocabularySize,
    maxTokens: options.maxTokens,
    async start(rows) {
      await start.run({ rows: { data: rows, shape: [rows.length] } }, state);
    },
    async step(ids, parents, position) {
      const count = ids.length;
      const { logits } = await step.run(
        { ids: { data: ids, shape: [count, 1] }, parents: { data: parents, shape: [count] }, position: { data: Int32Array.of(position), shape: [1] } },
        state,
      );
      return logits!.data as Float32Array;
    },
    release() {
      start.release?.();
      step.release?.();
    },
  };
}
