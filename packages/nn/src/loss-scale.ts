// The dynamic loss scale of mixed precision: gradients of the loss times it are seldom too small for 16 bits; where they are too large,
// the step is left out and the scale halved [Micikevicius et al. 2018]. All of it is state on the device: no step waits for the host.
import type { HostArray, Tensor, Tensors, TensorSpec } from '@hybridmed/tensor';
import { ops } from '@hybridmed/tensor';

/** Steps without overflow after which the scale is doubled. */
const growAfter = 2000;

/** The scale begins with `start`, low enough that first steps are not left out, and stays within `least` and `most`. Powers of two change no number but its exponent. */
const [start, least, most] = [2 ** 10, 1, 2 ** 24] as const;

/** Above every norm of f32 numbers that is no overflow. */
const finite = 3e38;

const names = { scale: 'loss_scale', good: 'loss_scale.good_steps', skipped: 'loss_scale.skipped_steps' } as const;

/** Names of the loss scale's entries in a state: the scale, steps since it changed, steps left out; f32 scalars. */
export const lossScaleNames: readonly string[] = Object.values(names);

/** Their shapes, for tracing. */
export const lossScaleSpecs = (): Record<string, TensorSpec> => Object.fromEntries(lossScaleNames.map((name) => [name, { shape: [], dtype: 'f32' as const }]));

/** Their start values. */
export const startLossScale = (): Record<string, HostArray> =>
  Object.fromEntries(lossScaleNames.map((name) => [name, { data: Float32Array.of(name === names.scale ? start : 0), shape: [] }]));

/** What a loss is multiplied by before its gradients are taken. */
export const lossScaleOf = (state: Tensors): Tensor => state[names.scale]!;

/** The number of an update, counted from 1, without the steps that were left out. */
export const updateNumber = (state: Tensors, step: Tensor): Tensor => ops.sub(step, state[names.skipped]!);

/** The entries after a step whose gradients had this norm (before clipping, divided by the scale): halved where it is not finite, doubled after many good steps. */
export function nextLossScale(state: Tensors, gradientNorm: Tensor): Record<string, Tensor> {
  const [scale, good, skipped] = Object.values(names).map((name) => state[name]!) as [Tensor, Tensor, Tensor];
  const whole = ops.less(gradientNorm, finite);
  const grows = ops.less(growAfter - 1.5, good);
  const lowered = ops.maximum(ops.mul(scale, 0.5), least);
  const raised = ops.neg(ops.maximum(ops.neg(ops.mul(scale, 2)), -most));
  return {
    [names.scale]: ops.where(whole, ops.where(grows, raised, scale), lowered),
    [names.good]: ops.where(whole, ops.where(grows, 0, ops.add(good, 1)), 0),
    [names.skipped]: ops.add(skipped, ops.sub(1, whole)),
  };
}
