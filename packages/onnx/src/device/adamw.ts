// AdamW on the host, in place over parameters, moments and gradients: one pass for the norm, one for the update.
import type { OpAttributes } from '@hybridmed/tensor';
import type { Slot } from './slots.ts';

/** Updates all parameters in place and returns the gradients' global norm before clipping. */
export function adamWInPlace(slots: readonly Slot[], learningRate: number, step: number, attributes: OpAttributes['adamW']): number {
  const { beta1, beta2, epsilon, weightDecay, decay, maxNorm, ceilings, rates } = attributes;
  const norm = Math.sqrt(slots.reduce((total, { kernels, offsets }) => total + kernels.sumOfSquares(offsets.gradient, offsets.bytes), 0));
  // torch.nn.utils.clip_grad_norm_: scale = min(1, maxNorm / (norm + 1e-6))
  const clip = Number.isFinite(maxNorm) ? Math.min(1, maxNorm / (norm + 1e-6)) : 1;
  const correction = 1 - beta1 ** step;
  const root = 1 / Math.sqrt(1 - beta2 ** step);
  slots.forEach(({ kernels, offsets }, index) => {
    const own = learningRate * (rates?.[index] ?? 1);
    const keep = decay[index] ? 1 - own * weightDecay : 1;
    kernels.adamW(offsets, { clip, beta1, beta2, keep, rate: own / correction, root, epsilon, ceiling: ceilings[index]! });
  });
  return norm;
}

/** Adds rows of `updates` to the rows of `table` that `ids` name, in order; ids outside the table are clamped. */
export function scatterAddInPlace(table: Float32Array, updates: Float32Array, ids: Int32Array, rows: number): void {
  const width = table.length / rows;
  for (let i = 0; i < ids.length; i++) {
    const to = Math.min(Math.max(ids[i]!, 0), rows - 1) * width;
    const from = i * width;
    for (let j = 0; j < width; j++) table[to + j]! += updates[from + j]!;
  }
}

/** Adds numbers in place. */
export function addInPlace(total: Float32Array, values: Float32Array): void {
  for (let i = 0; i < total.length; i++) total[i]! += values[i]!;
}
