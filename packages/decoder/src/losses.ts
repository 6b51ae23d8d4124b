// The decoder's losses, of its logits or of what makes them: token cross-entropy and distillation, as means over real target tokens.
import type { Tensor, VocabularyHead } from '@hybridmed/tensor';
import { ops } from '@hybridmed/tensor';
import { maskedMean } from '@hybridmed/nn';

/** L_Cap or L_Sum: mean cross-entropy over real target tokens, in nats. logits (B, T, V), target (B, T) i32, mask (B, T); `count` replaces the mask's sum when a batch is split. */
export function tokenLoss(logits: Tensor, target: Tensor, mask: Tensor, count?: Tensor): Tensor {
  return maskedMean(ops.crossEntropy(logits, target), mask, count);
}

/**
 * L_Dis = T^2 mean over real target tokens of KL(softmax(teacher / T) || softmax(student / T)), in nats; no gradient into the teacher
 * [Hinton et al. 2015]. student and teacher (B, T, V), mask (B, T).
 */
export function distillationLoss(student: Tensor, teacher: Tensor, mask: Tensor, temperature = 1, count?: Tensor): Tensor {
  return maskedMean(distilled(ops.distillation(student, ops.stopGradient(teacher), temperature), temperature), mask, count);
}

/** T^2 KL of each token, whose mean is L_Dis, from the divergences at temperature T: (B, T) in nats. */
export const distilled = (divergence: Tensor, temperature: number): Tensor => ops.mul(divergence, temperature * temperature);

/** What `headLosses` reads: a head over hidden states (B, T, width), target (B, T) i32, mask (B, T), and perhaps a teacher's head. */
export interface HeadLossInputs extends VocabularyHead {
  target: Tensor;
  mask: Tensor;
  /** Replaces the mask's sum when a batch is split. */
  count?: Tensor | undefined;
  teacher?: (VocabularyHead & { temperature: number }) | undefined;
}

/**
 * `tokenLoss` and, with a teacher, `distillationLoss` of the logits that a head makes, which a device with a kernel for it never keeps.
 * No gradient flows into the teacher.
 */
export function headLosses({ mask, count, teacher, ...head }: HeadLossInputs): { token: Tensor; distillation?: Tensor } {
  const rows = ops.vocabularyLoss({ ...head, ...(teacher ? { teacher } : {}) });
  const token = maskedMean(rows.crossEntropy, mask, count);
  if (!teacher || !rows.divergence) return { token };
  return { token, distillation: maskedMean(distilled(rows.divergence, teacher.temperature), mask, count) };
}
