// The entry of convolutional networks: convolution, pooling, and their activations.
export { activations, hardSigmoid, hardSwish, relu6 } from './activations.ts';
export type { Activation } from './activations.ts';
export { convolution, convolvedSide } from './convolution.ts';
export type { ConvolutionSizes, Padding } from './convolution.ts';
export { averagePool, maxPool } from './pooling.ts';
export type { PoolingOptions } from './pooling.ts';
