// Decoding as graphs: a memory's keys and values once for all texts of a study, then one token per step on a cache with room for some.
import type { Dim, Graph, Tensor, Tensors, TensorSpec } from '@hybridmed/tensor';
import { dimProduct, ops, trace } from '@hybridmed/tensor';
import { parameterSpecs, rootScope } from '@hybridmed/nn';
import type { Decoder } from './decoder.ts';
import { memoryWidth } from './decoder.ts';
import { f32, flatten, i32, keyValueSpecs, unflatten } from './named-values.ts';

/** Where decoding finds things in a device's state. */
export interface DecodingOptions {
  decoder: Decoder;
  branch: string;
  /** Max new tokens; the cache grows up to it. At most the decoder's positions. */
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

/** What is kept of a memory of B studies: cross-attention's keys and values, and what else a step reads of it. */
function memorySpecs({ decoder: { config }, masked = false, copies = false }: DecodingOptions): Record<string, TensorSpec> {
  const { depth, width, heads } = config;
  return {
    ...keyValueSpecs('cross', depth, f32('B', heads, 'S', width / heads)),
    ...(masked ? { 'cross.bias': f32('B', 1, 1, 'S') } : {}),
    ...(copies ? { 'cross.pointer.keys': f32('B', 'S', width), 'cross.ids': i32('B', 'S'), ...(masked ? { 'cross.mask': f32('B', 'S') } : {}) } : {}),
  };
}

/** The cache of so many rows. */
const cacheSpecs = ({ decoder: { config } }: DecodingOptions, rows: Dim): Record<string, TensorSpec> =>
  keyValueSpecs('cache', config.depth, f32(rows, config.heads, 'C', config.width / config.heads));

const far = 1e30;

/**
 * The graph that starts decoding: from `memory.BRANCH` (B, S, width) it writes to the state what steps read of it, once for all texts of a study:
 * `cross.I.keys|values` (B, heads, S, width / heads), where masked `cross.bias` (B, 1, 1, S), and of a branch that copies
 * `cross.pointer.keys` (B, S, width), `cross.ids` and `cross.mask` (B, S).
 */
export function startGraph(options: DecodingOptions): Graph {
  const { decoder, branch, masked = false, copies = false } = options;
  const specs = {
    [`memory.${branch}`]: f32('B', 'S', memoryWidth(decoder, branch)),
    ...(masked ? { [`memory.${branch}.mask`]: f32('B', 'S') } : {}),
    ...(copies ? { [`memory.${branch}.ids`]: i32('B', 'S') } : {}),
  };
  return trace({ data: {}, state: { ...ownSpecs(options), ...specs } }, (_, state) => {
    const scope = scopeOf(state, options);
    const [memory, mask, ids] = ['', '.mask', '.ids'].map((part) => state[`memory.${branch}${part}`]);
    return {
      updates: {
        ...flatten('cross', decoder.splitMemory(scope, branch, memory!, mask)),
        ...(mask ? { 'cross.bias': ops.reshape(ops.mul(ops.sub(mask, 1), far), ['B', 1, 1, 'S']) } : {}),
        ...(ids ? { 'cross.pointer.keys': decoder.projectPointer(scope, memory!), 'cross.ids': ids, ...(mask ? { 'cross.mask': mask } : {}) } : {}),
      },
    };
  });
}

/**
 * The graph between steps, where studies leave or the cache is full: of `studies` (M) i32 what is kept of their memory, of `parents` (P) i32 the
 * caches, with room for as many tokens as `slots` (N) i32 has.
 */
export function rearrangeGraph(options: DecodingOptions): Graph {
  const memory = memorySpecs(options);
  const cache = cacheSpecs(options, 'R');
  return trace({ data: { studies: i32('M'), parents: i32('P'), slots: i32('N') }, state: { ...memory, ...cache } }, ({ studies, parents }, state) => {
    const kept = Object.keys(memory).map((name) => [name, ops.gather(state[name]!, studies!)] as const);
    const moved = Object.keys(cache).map((name) => {
      const [, heads, , size] = state[name]!.shape;
      return [name, ops.pad(ops.gather(state[name]!, parents!), [0, 0, 0, 0], ['P', heads!, 'N', size!])] as const;
    });
    return { updates: Object.fromEntries([...kept, ...moved]) };
  });
}

/**
 * The graph of one step: `ids` (B, K), K texts of each study, and `position` (1), both i32, give `logits` (B * K, vocabulary); the cache of
 * B * K rows in the state is rewritten. With `branching` the rows continue those of `parents` (B * K) i32.
 */
export function stepGraph(options: DecodingOptions, { branching = true }: { readonly branching?: boolean } = {}): Graph {
  const { decoder, branch } = options;
  const { depth, vocabularySize } = decoder.config;
  const rows = dimProduct(['B', 'K']);
  const data = { ids: i32('B', 'K'), position: i32(1), ...(branching ? { parents: i32(rows) } : {}) };
  return trace({ data, state: { ...ownSpecs(options), ...memorySpecs(options), ...cacheSpecs(options, rows) } }, ({ ids, parents, position }, state) => {
    const continued = (x: Tensor): Tensor => (parents ? ops.gather(x, parents) : x);
    const cache = unflatten('cache', state, depth).map(({ keys, values }) => ({ keys: continued(keys), values: continued(values) }));
    const scope = scopeOf(state, options);
    const next = decoder.step(scope, branch, ids!, position!, cache, unflatten('cross', state, depth), state['cross.bias']);
    const [keys, copied] = [state['cross.pointer.keys'], state['cross.ids']];
    const source = keys && copied ? { keys, ids: copied, mask: state['cross.mask'] } : undefined;
    const logits = ops.reshape(decoder.logits(scope, next.hidden, source), [rows, vocabularySize]);
    return { results: { logits }, updates: flatten('cache', next.cache) };
  });
}
