// AdamW over named parameters as part of a traced step, and the learning-rate schedule.
import type { Tensor, Tensors } from '@hybridmed/tensor';
import { ops } from '@hybridmed/tensor';
import { lossScaleOf, nextLossScale, updateNumber } from './loss-scale.ts';
import type { ParameterSpec, ParameterSpecs } from './parameters.ts';

/** Options of AdamW [Loshchilov & Hutter 2019]. */
export interface AdamWOptions {
  betas?: readonly [number, number];
  epsilon?: number;
  weightDecay?: number;
  /** Gradients are scaled down to this global L2 norm; Infinity turns clipping off. */
  clip?: number;
  /** Upper bounds of single parameters after each update, by name. */
  ceilings?: Readonly<Record<string, number>>;
  /** Whether the gradients are of the loss times the state's loss scale, which the step then keeps too (see `startLossScale`). */
  lossScale?: boolean;
}

/** True where weight decay applies: to matrices, not to biases, norms and what a spec excludes. */
export const decays = (spec: ParameterSpec): boolean => spec.decay ?? spec.shape.length >= 2;

/** Names of a state's moment entries for a parameter. */
export const momentNames = (parameter: string): readonly [string, string] => [`adam.m.${parameter}`, `adam.v.${parameter}`];

/** One AdamW update inside a traced step: new parameters and moments by state name, and the gradients' norm before clipping. */
export function adamWStep(
  specs: ParameterSpecs,
  state: Tensors,
  gradients: Tensors,
  scalars: { learningRate: Tensor; step: Tensor },
  { betas = [0.9, 0.999], epsilon = 1e-8, weightDecay = 0.05, clip = 1, ceilings = {}, lossScale = false }: AdamWOptions = {},
): { updates: Record<string, Tensor>; gradientNorm: Tensor } {
  const names = Object.keys(gradients);
  const moments = names.map(momentNames);
  const stepped = ops.adamW(
    {
      learningRate: scalars.learningRate,
      step: lossScale ? updateNumber(state, scalars.step) : scalars.step,
      ...(lossScale ? { lossScale: lossScaleOf(state) } : {}),
      parameters: names.map((name) => state[name]!),
      gradients: names.map((name) => gradients[name]!),
      firstMoments: moments.map(([m]) => state[m]!),
      secondMoments: moments.map(([, v]) => state[v]!),
    },
    {
      beta1: betas[0],
      beta2: betas[1],
      epsilon,
      weightDecay,
      maxNorm: clip,
      decay: names.map((name) => decays(specs[name]!)),
      ceilings: names.map((name) => ceilings[name] ?? Infinity),
      ...(names.some((name) => specs[name]!.rate !== undefined) ? { rates: names.map((name) => specs[name]!.rate ?? 1) } : {}),
    },
  );
  const updates: Record<string, Tensor> = {};
  names.forEach((name, i) => {
    const [m, v] = moments[i]!;
    updates[name] = stepped.parameters[i]!;
    updates[m] = stepped.firstMoments[i]!;
    updates[v] = stepped.secondMoments[i]!;
  });
  return { updates: lossScale ? { ...updates, ...nextLossScale(state, stepped.gradientNorm) } : updates, gradientNorm: stepped.gradientNorm };
}

/** Linear warm-up, then cosine to 0: peak (t+1)/W for t < W, else peak (1 + cos(pi (t-W)/(S-W))) / 2, t = 0..S-1. */
export function cosineSchedule(step: number, { steps, warmup, peak }: { steps: number; warmup: number; peak: number }): number {
  if (step < warmup) return (peak * (step + 1)) / warmup;
  return (peak * (1 + Math.cos((Math.PI * (step - warmup)) / Math.max(1, steps - warmup)))) / 2;
}
