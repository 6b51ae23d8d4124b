// The plain reference's rules: one per primitive; fused ops run through their definitions.
import type { OpName } from '@hybridmed/tensor';
import { contractions } from './contractions.ts';
import { elementwise } from './elementwise.ts';
import { movement } from './movement.ts';
import { reductions } from './reductions.ts';
import type { Rule } from './rule.ts';

/** Ops that have a definition and so need no operation of their own. */
export type FusedOp =
  | 'gelu'
  | 'geluGrad'
  | 'softmax'
  | 'logSoftmax'
  | 'layerNorm'
  | 'layerNormGrad'
  | 'batchNorm'
  | 'batchNormGrad'
  | 'attention'
  | 'attentionGrad'
  | 'crossEntropy'
  | 'crossEntropyGrad'
  | 'distillation'
  | 'distillationGrad'
  | 'vocabularyLoss'
  | 'vocabularyLossGrad'
  | 'adamW';

/** Ops the plain reference runs itself. */
export type PrimitiveOp = Exclude<OpName, FusedOp | 'input'>;

/** Every primitive on arrays. */
export const rules: { readonly [K in PrimitiveOp]: Rule<K> } = { ...elementwise, ...movement, ...contractions, ...reductions };
