// The table of rules: every op that a plan meets, and which fused ops keep kernels of their own.
import type { OpName } from '@hybridmed/tensor';
import { contractions } from './contractions.ts';
import { elementwise } from './elementwise.ts';
import { fused } from './fused.ts';
import { movement } from './movement.ts';
import { reductions } from './reductions.ts';
import type { Rule } from './rule.ts';

/** Ops that have kernels of their own; other fused ops run through their definitions. */
export const keptOps: ReadonlySet<OpName> = new Set<OpName>([
  'gelu',
  'geluGrad',
  'softmax',
  'logSoftmax',
  'layerNorm',
  'layerNormGrad',
  'batchNorm',
  'batchNormGrad',
  'attention',
  'attentionGrad',
  'crossEntropy',
  'crossEntropyGrad',
  'distillation',
  'distillationGrad',
  'vocabularyLoss',
  'vocabularyLossGrad',
  'adamW',
]);

/** Every op that a plan meets. */
export const rules: { readonly [K in Exclude<OpName, 'input'>]: Rule<K> } = { ...elementwise, ...movement, ...contractions, ...reductions, ...fused };
