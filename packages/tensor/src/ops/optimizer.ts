// AdamW over all parameters at once, with global-norm clipping: one op, so that a device can run it in a few passes over memory.
import { sameShape } from '../dim.ts';
import type { TensorSpec } from '../spec.ts';
import type { Tensor } from '../node.ts';
import { add, div, exp, less, log, maximum, mul, neg, sqrt, sub, where } from './elementwise.ts';
import type { OpAttributes } from './attributes.ts';
import { sum } from './reductions.ts';
import { apply } from './op-row.ts';
import type { OpRow } from './op-row.ts';
import { full } from './sources.ts';

declare module './attributes.ts' {
  interface OpAttributes {
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
}

/** What AdamW reads and writes for each parameter, in one order. */
export interface AdamWInputs {
  /** Learning rate, f32 scalar. */
  learningRate: Tensor;
  /** Number of this update, counted from 1, f32 scalar. */
  step: Tensor;
  parameters: readonly Tensor[];
  gradients: readonly Tensor[];
  firstMoments: readonly Tensor[];
  secondMoments: readonly Tensor[];
  /** What the gradients were multiplied by, f32 scalar: they are divided by it first, and where their norm is not finite nothing is updated. */
  lossScale?: Tensor;
}

/** New parameters and moments, and the global L2 norm of the gradients before clipping. */
export interface AdamWOutputs {
  parameters: readonly Tensor[];
  firstMoments: readonly Tensor[];
  secondMoments: readonly Tensor[];
  gradientNorm: Tensor;
}

/** One AdamW update of all parameters [Loshchilov & Hutter 2019, as PyTorch's torch.optim.AdamW], gradients clipped to a global norm first. */
export function adamW(inputs: AdamWInputs, attributes: Omit<OpAttributes['adamW'], 'scaled'>): AdamWOutputs {
  const { parameters, gradients, firstMoments, secondMoments, lossScale } = inputs;
  const n = parameters.length;
  const values = [inputs.learningRate, inputs.step, ...parameters, ...gradients, ...firstMoments, ...secondMoments];
  const outputs = lossScale ? apply('adamW', [...values, lossScale], { ...attributes, scaled: true }) : apply('adamW', values, attributes);
  return { parameters: outputs.slice(0, n), firstMoments: outputs.slice(n, 2 * n), secondMoments: outputs.slice(2 * n, 3 * n), gradientNorm: outputs[3 * n]! };
}

/** Above every norm of f32 numbers that is no overflow. */
const finite = 3e38;

/** Row of the optimizer. */
export const optimizerRows = {
  adamW: {
    documentation:
      'learning rate, step, n parameters, n gradients, n first and n second moments, where scaled the factor on the gradients -> n parameters, n first and n second moments, gradient norm.',
    infer: (inputs, { decay, ceilings, rates, scaled }, fail) => {
      const n = (inputs.length - (scaled ? 3 : 2)) / 4;
      if (!Number.isInteger(n) || decay.length !== n || ceilings.length !== n || (rates?.length ?? n) !== n)
        fail('needs as many gradients, moments, decay flags, ceilings and rates as parameters');
      const block = (at: number): readonly TensorSpec[] => inputs.slice(2 + at * n, 2 + (at + 1) * n);
      block(0).forEach((parameter, i) => {
        for (const at of [1, 2, 3]) if (!sameShape(block(at)[i]!.shape, parameter.shape)) fail(`input ${2 + at * n + i} differs in shape from parameter ${i}`);
      });
      return [...block(0), ...block(2), ...block(3), { shape: [], dtype: 'f32' }];
    },
    gradient: 'none',
    definition: (inputs, { beta1, beta2, epsilon, weightDecay, decay, maxNorm, ceilings, rates, scaled }) => {
      const n = Math.floor((inputs.length - 2) / 4);
      const [rate, step] = inputs as [Tensor, Tensor];
      const block = (at: number): readonly Tensor[] => inputs.slice(2 + at * n, 2 + (at + 1) * n);
      const [parameters, firsts, seconds] = [block(0), block(2), block(3)];
      const gradients = scaled ? block(1).map((g) => div(g, inputs.at(-1)!)) : block(1);
      const norm = sqrt(gradients.map((g) => sum(mul(g, g))).reduce(add, full(0, [])));
      // torch.nn.utils.clip_grad_norm_: scale = min(1, maxNorm / (norm + 1e-6))
      const clip = Number.isFinite(maxNorm) ? neg(maximum(neg(div(maxNorm, add(norm, 1e-6))), -1)) : full(1, []);
      const power = (base: number) => exp(mul(step, log(full(base, []))));
      const [correction1, correction2] = [sub(1, power(beta1)), sub(1, power(beta2))];
      const first = gradients.map((g, i) => add(mul(firsts[i]!, beta1), mul(mul(g, clip), 1 - beta1)));
      const second = gradients.map((g, i) => {
        const clipped = mul(g, clip);
        return add(mul(seconds[i]!, beta2), mul(mul(clipped, clipped), 1 - beta2));
      });
      const updated = parameters.map((p, i) => {
        const own = rates && rates[i] !== 1 ? mul(rate, rates[i]!) : rate;
        const decayed = decay[i] ? mul(p, sub(1, mul(own, weightDecay))) : p;
        const direction = div(div(first[i]!, correction1), add(sqrt(div(second[i]!, correction2)), epsilon));
        const next = sub(decayed, mul(own, direction));
        return Number.isFinite(ceilings[i]!) ? neg(maximum(neg(next), -ceilings[i]!)) : next;
      });
      if (!scaled) return [...updated, ...first, ...second, norm];
      const whole = less(norm, finite);
      const unlessOverflown = (next: readonly Tensor[], old: readonly Tensor[]) => next.map((value, i) => where(whole, value, old[i]!));
      return [...unlessOverflown(updated, parameters), ...unlessOverflown(first, firsts), ...unlessOverflown(second, seconds), norm];
    },
  } satisfies OpRow<'adamW'>,
};
