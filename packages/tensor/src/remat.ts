// Checkpointing of activations: a part of the model whose inner values are computed again for the backward pass instead of being kept.
import { inSegment } from './node.ts';

/**
 * The same function, whose inner values the backward pass recomputes from its inputs [Chen et al. 2016].
 * Memory falls to one segment's values at a time, for one more forward pass of the segment. Nested calls belong to the outermost.
 */
export function remat<A extends readonly unknown[], R>(fn: (...inputs: A) => R): (...inputs: A) => R {
  return (...inputs) => inSegment(() => fn(...inputs));
}
