// An adapter between an encoder's tokens and the decoder that reads them as memory: it brings them to one scale, to the decoder's width, and tells places apart.
import type { Module } from '@hybridmed/nn';
import { collect, dropout, embedding, layerNorm, linear } from '@hybridmed/nn';
import { ops } from '@hybridmed/tensor';

/** Sizes of an adapter. */
export interface MemoryAdapterConfig {
  /** Width of the memory. */
  readonly memory: number;
  /** Width of the decoder. */
  readonly width: number;
  /** Max tokens of the memory. */
  readonly tokens: number;
  /** Dropout between the first norm and the linear layer. */
  readonly dropout?: number;
}

const epsilon = 1e-5;

/** LN(W dropout(LN m) + b + position): (B, S, memory width) -> (B, S, width), S at most `tokens`. */
export function memoryAdapter({ memory, width, tokens, dropout: rate = 0 }: MemoryAdapterConfig): Module {
  const parts = {
    norm_in: layerNorm({ width: memory, epsilon }),
    proj: linear({ inputs: memory, outputs: width }),
    pos: embedding({ rows: tokens, width, decay: false }),
    norm_out: layerNorm({ width, epsilon }),
  };
  return {
    parameters: collect(parts),
    call(scope, m) {
      const normed = dropout(scope, parts.norm_in.call(scope.child('norm_in'), m), rate, 'memory');
      const positions = ops.narrow(scope.child('pos').get('weight'), 0, 0, m.shape[1]!);
      return parts.norm_out.call(scope.child('norm_out'), ops.add(parts.proj.call(scope.child('proj'), normed), positions));
    },
  };
}
