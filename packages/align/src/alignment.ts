// The learnable part of the alignment: four projections into a common space, and the logit scale.
import type { Tensor } from '@hybridmed/tensor';
import { ops } from '@hybridmed/tensor';
import type { Module, ParameterSpecs, Scope, TextFeatures, VisionFeatures } from '@hybridmed/nn';
import { collect, dropout, linear } from '@hybridmed/nn';
import { standardized } from './standardization.ts';

/** Options: widths of the encoders, width d of the common space, and the kind of projection. */
export interface AlignmentConfig {
  vision: number;
  text: number;
  width?: number;
  projection?: 'linear' | 'mlp';
  /** Dropout of features before their projections. */
  dropout?: number;
  /** A bias for linear projections, which nothing trains: standardized features are folded into it (`foldStandardization`). */
  bias?: boolean;
}

/** Greatest value of the logit scale's logarithm: log 100 [CLIP]. */
export const maxLogScale = Math.log(100);

/** Projections of features into the common space. */
export interface Alignment {
  readonly parameters: ParameterSpecs;
  /** Global vectors (B, d) of images and texts, not normalized. */
  projectImage(scope: Scope, features: VisionFeatures): Tensor;
  projectText(scope: Scope, features: Pick<TextFeatures, 'global'>): Tensor;
  /** Token vectors (B, N, d) and (B, L, d), not normalized. */
  projectPatches(scope: Scope, features: VisionFeatures): Tensor;
  projectWords(scope: Scope, features: Pick<TextFeatures, 'tokens'>): Tensor;
  /** Logarithm of the inverse temperature, f32 scalar; starts at log(1 / 0.07). */
  logScale(scope: Scope): Tensor;
}

/**
 * Bias-free linear projections to d = 128 (or two layers with a ReLU between: `mlp`), under the names vision_global, text_global, vision_local,
 * text_local. Features are standardized before them where the scope has their means and scales (`addStandardization`).
 */
export function alignment({ vision, text, width = 128, projection = 'linear', dropout: rate = 0, bias = false }: AlignmentConfig): Alignment {
  const make = (inputs: number) => (projection === 'linear' ? single(inputs, width, bias) : mlp(inputs, width));
  const parts = { vision_global: make(vision), text_global: make(text), vision_local: make(vision), text_local: make(text) };
  const project = (scope: Scope, name: keyof typeof parts, x: Tensor) =>
    parts[name].call(scope.child(name), dropout(scope, standardized(scope.child(name), x), rate, name));
  return {
    parameters: collect(parts, { logit_scale: { shape: [], init: { kind: 'constant', value: Math.log(1 / 0.07) } } }),
    projectImage: (scope, features) => project(scope, 'vision_global', features.global),
    projectText: (scope, features) => project(scope, 'text_global', features.global),
    projectPatches: (scope, features) => project(scope, 'vision_local', features.tokens),
    projectWords: (scope, features) => project(scope, 'text_local', features.tokens),
    logScale: (scope) => scope.get('logit_scale'),
  };
}

function single(inputs: number, outputs: number, bias: boolean): Module {
  const { parameters, call } = linear({ inputs, outputs, bias });
  return { parameters: bias ? { ...parameters, bias: { ...parameters['bias']!, frozen: true } } : parameters, call };
}

function mlp(inputs: number, outputs: number): Module {
  const [first, second] = [linear({ inputs, outputs: inputs }), linear({ inputs, outputs, bias: false })];
  return {
    parameters: collect({ fc1: first, fc2: second }),
    call: (scope, x) => second.call(scope.child('fc2'), ops.maximum(first.call(scope.child('fc1'), x), 0)),
  };
}
