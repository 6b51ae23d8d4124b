// The table of rules: every op that a plan meets, and which fused ops keep kernels of their own.
import type { OpName } from '@hybridmed/tensor';
import { convolution, matmul } from './contractions.ts';
import { cast, elementwise, full, iota, random, size } from './elementwise.ts';
import { attention, batchNorm, crossEntropy, distillation, layerNorm, layerNormGrad, logSoftmax, softmax } from './fused.ts';
import { broadcast, concat, gather, pad, reshape, scatterAdd, slice, stopGradient, transpose } from './movement.ts';
import { adamW } from './optimizer.ts';
import { argmax, reduction } from './reductions.ts';
import type { Rule } from './rule.ts';
import { vocabularyLoss, vocabularyLossGrad } from './vocabulary-loss.ts';

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
export const rules: { readonly [K in Exclude<OpName, 'input'>]: Rule<K> } = {
  full,
  iota,
  size,
  random,
  add: elementwise('add'),
  sub: elementwise('sub'),
  mul: elementwise('mul'),
  div: elementwise('div'),
  maximum: elementwise('maximum'),
  less: elementwise('less'),
  equal: elementwise('equal'),
  where: elementwise('where'),
  neg: elementwise('neg'),
  exp: elementwise('exp'),
  log: elementwise('log'),
  sqrt: elementwise('sqrt'),
  erf: elementwise('erf'),
  gelu: elementwise('gelu'),
  geluGrad: elementwise('geluGrad'),
  cast,
  stopGradient,
  reshape,
  transpose,
  broadcast,
  slice,
  pad,
  concat,
  gather,
  scatterAdd,
  sum: reduction('sum'),
  max: reduction('max'),
  argmax,
  matmul,
  conv2d: convolution('output'),
  conv2dGradInput: convolution('input'),
  conv2dGradWeight: convolution('weight'),
  softmax,
  logSoftmax,
  layerNorm,
  layerNormGrad,
  batchNorm: batchNorm('forward'),
  batchNormGrad: batchNorm('gradient'),
  attention: attention('forward'),
  attentionGrad: attention('gradient'),
  crossEntropy: crossEntropy('forward'),
  crossEntropyGrad: crossEntropy('gradient'),
  distillation: distillation('forward'),
  distillationGrad: distillation('gradient'),
  vocabularyLoss,
  vocabularyLossGrad,
  adamW,
};
