// The public face of the kernels: WGSL as pure functions of a problem's sizes, each with its reference, cases and cost.
import { adamW } from './adamw/index.ts';
import { argmax } from './argmax/index.ts';
import { attention } from './attention/index.ts';
import { batchNorm } from './batch-norm/index.ts';
import { convolution } from './convolution/index.ts';
import { crossEntropy } from './cross-entropy/index.ts';
import { distillation } from './distillation/index.ts';
import { gather } from './gather/index.ts';
import { gradientNorm } from './gradient-norm/index.ts';
import type { Kernel } from './kernel.ts';
import { layerNorm } from './layer-norm/index.ts';
import { map } from './map/index.ts';
import { matmul } from './matmul/index.ts';
import { reduce } from './reduce/index.ts';
import { scatterAdd } from './scatter-add/index.ts';
import { softmax } from './softmax/index.ts';
import { vocabularyLoss } from './vocabulary-loss/index.ts';

/** Every kernel: what one harness tests and benchmarks. Problems differ in type, so a walk over all sees them as unknown. */
export const kernels = {
  adamW,
  argmax,
  attention,
  batchNorm,
  convolution,
  crossEntropy,
  distillation,
  gather,
  gradientNorm,
  layerNorm,
  map,
  matmul,
  reduce,
  scatterAdd,
  softmax,
  vocabularyLoss,
};

/** A kernel whose problems are not known here, for walks over all of them. */
export type AnyKernel = Kernel<unknown>;

export { fromHalf, toHalf } from './float16.ts';
export { bytesOf, elementBytes, everyAdapter } from './kernel.ts';
export type { ArraySpec, Capabilities, Cost, Dispatch, ElementType, Kernel, KernelArrays, KernelCase, Numbers, SubgroupMatrix, Variants } from './kernel.ts';
export type { Epilogue, MatmulProblem } from './matmul/problem.ts';
export { variantsVersion } from './version.ts';
export { mapOperations } from './map/operations.ts';
export type { MapOperationName } from './map/operations.ts';
export type { MapOp, MapProblem, MapStep, View } from './map/problem.ts';
export type { AttentionRows } from './attention/problem.ts';
export type { ConvolutionProblem } from './convolution/problem.ts';
export type { UpdatedTensor } from './adamw/problem.ts';
export type { TensorPart } from './tensor-table.ts';
