// The op set: every op's name and attributes. The op table must have a row for each key, else it does not compile.
import type { Dim, Shape } from '../dim.ts';
import type { DType } from '../spec.ts';

type None = Readonly<Record<never, never>>;

export interface Convolution {
  /** Steps along height and width. */
  readonly stride: readonly [number, number];
  /** Zeros added at each side. */
  readonly padding: readonly [top: number, left: number, bottom: number, right: number];
  /** Parts that channels fall into, each convolved alone: 1, or as many as there are channels for a depthwise convolution. */
  readonly groups: number;
}

export interface Attention {
  /** Number of heads; the width is split evenly. */
  readonly heads: number;
  /** Query i sees keys 0..i only. */
  readonly causal: boolean;
  /** Factor on the scores, by convention 1/sqrt(head size). */
  readonly scale: number;
  /** True where the inputs end with a key mask (B, S), 1 for keys that may be seen. */
  readonly masked: boolean;
}

export interface VocabularyLoss {
  /** True where the inputs hold a teacher's hidden states, weight and bias after the student's. */
  readonly teacher: boolean;
  /** Temperature of the divergence from the teacher. */
  readonly temperature: number;
}

/** Attributes of every op, by name. */
export interface OpAttributes {
  // Sources
  input: { readonly name: string };
  full: { readonly value: number; readonly shape: Shape; readonly dtype: DType };
  iota: { readonly size: Dim };
  size: { readonly dim: Dim };
  random: { readonly shape: Shape; readonly stream: number };
  // Element-wise
  add: None;
  sub: None;
  mul: None;
  div: None;
  maximum: None;
  less: None;
  equal: None;
  where: None;
  neg: None;
  exp: None;
  log: None;
  sqrt: None;
  erf: None;
  cast: { readonly dtype: DType };
  stopGradient: None;
  // Reductions
  sum: { readonly axes: readonly number[]; readonly keepDims: boolean };
  max: { readonly axes: readonly number[]; readonly keepDims: boolean };
  argmax: None;
  // Movement
  reshape: { readonly shape: Shape };
  transpose: { readonly permutation: readonly number[] };
  broadcast: { readonly shape: Shape };
  slice: { readonly starts: readonly number[]; readonly sizes: Shape; readonly strides: readonly number[] };
  pad: { readonly low: readonly number[]; readonly sizes: Shape; readonly interior: readonly number[] };
  concat: { readonly axis: number };
  gather: None;
  scatterAdd: { readonly rows: Dim };
  // Contractions
  matmul: { readonly transposeA: boolean; readonly transposeB: boolean };
  conv2d: Convolution;
  conv2dGradInput: Convolution & { readonly size: readonly [Dim, Dim] };
  conv2dGradWeight: Convolution & { readonly kernel: readonly [number, number] };
  // Fused: each has a definition in the primitives above
  gelu: None;
  geluGrad: None;
  softmax: None;
  logSoftmax: None;
  layerNorm: { readonly epsilon: number };
  layerNormGrad: None;
  batchNorm: { readonly epsilon: number };
  batchNormGrad: { readonly epsilon: number };
  attention: Attention;
  attentionGrad: Attention;
  crossEntropy: None;
  crossEntropyGrad: None;
  distillation: { readonly temperature: number };
  distillationGrad: { readonly temperature: number };
  vocabularyLoss: VocabularyLoss;
  vocabularyLossGrad: VocabularyLoss;
  adamW: {
    readonly beta1: number;
    readonly beta2: number;
    readonly epsilon: number;
    /** Decoupled weight decay, applied where `decay` is true. */
    readonly weightDecay: number;
    readonly decay: readonly boolean[];
    /** Gradients are scaled down to this global L2 norm; Infinity turns clipping off. */
    readonly maxNorm: number;
    /** Upper bound of each parameter's elements after the update; Infinity for none. */
    readonly ceilings: readonly number[];
    /** Factors on the learning rate by parameter; 1 for all by default. */
    readonly rates?: readonly number[];
    /** True where the inputs end with the factor that the gradients were multiplied by. */
    readonly scaled?: boolean;
  };
}

/** Names of all ops. */
export type OpName = keyof OpAttributes;
