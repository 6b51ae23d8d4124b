// Every op a model is written with, as plain functions over traced values.
import './table.ts';

export { add, cast, div, equal, erf, exp, less, log, maximum, mul, neg, sqrt, stopGradient, sub, where } from './elementwise.ts';
export { attention, attentionWeights } from './attention.ts';
export { conv2d, matmul } from './contractions.ts';
export { batchNorm } from './batch-norm.ts';
export { crossEntropy, distillation } from './losses.ts';
export { broadcast, concat, gather, narrow, pad, reshape, scatterAdd, slice, transpose } from './movement.ts';
export { gelu, layerNorm, logSoftmax, softmax } from './normalization.ts';
export { adamW } from './optimizer.ts';
export { argmax, max, mean, sum } from './reductions.ts';
export { full, iota, random, size } from './sources.ts';
export { sumTo } from './sum-to.ts';
export { vocabularyLoss } from './vocabulary.ts';
